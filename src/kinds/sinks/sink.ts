/** The contract of a sink kind with a long form: one file beside this one, one line in index.ts. */
import type { z } from 'zod';

export interface SinkKind<Sink extends { kind: string }> {
  /** The key in relay.yaml. */
  kind: Sink['kind'];
  /** One line for people. */
  summary: string;
  /** What stands behind the key. */
  schema: z.ZodType;
  /** Fills in defaults and makes file names absolute; `dir` is the folder of relay.yaml. */
  resolve(value: never, context: { dir: string }): Sink;
}

/** Ties what the schema gives to what `resolve` takes. */
export function defineSink<Sink extends { kind: string }, Schema extends z.ZodType>(kind: {
  kind: Sink['kind'];
  summary: string;
  schema: Schema;
  resolve(value: z.output<Schema>, context: { dir: string }): Sink;
}): SinkKind<Sink> {
  return kind as unknown as SinkKind<Sink>;
}
