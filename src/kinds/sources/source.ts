/** The contract of a source kind: one file beside this one, one line in index.ts. */
import type { z } from 'zod';
import type { Media } from '../../media.ts';
import type { Tools } from '../tools.ts';

/** ffmpeg arguments up to and including the last `-i`, and where picture and sound are in them. */
export interface Input {
  args: string[];
  /** Stream specifiers for -map; undefined: there is none. */
  video?: string;
  audio?: string;
  /** A filter that the picture must pass (forces encoding), e.g. drawtext of the test source. */
  videoFilter?: string;
  audioFilter?: string;
  /** Why a process reads it, where the server could have. */
  why?: string;
}

/** How to look at a source before it is planned: ffprobe's arguments up to and including the URL. */
export interface ProbeRequest {
  args: string[];
  /** A source on a network may answer later; a file that is not there is an error that a person must mend. */
  network: boolean;
}

export interface ResolveContext {
  /** Folder of relay.yaml: relative file names start there. */
  dir: string;
}

export interface SourceKind<Spec extends { kind: string }> {
  /** The discriminator, and the key that names the kind in relay.yaml: `{ file: … }`. */
  kind: Spec['kind'];
  /** One line for --help, the JSON Schema and errors. */
  summary: string;
  /** The long form as it stands in relay.yaml. A strict object whose first key is `kind`. */
  schema: z.ZodType;
  /**
   * From the validated long form to the Spec: names made absolute, defaults filled in.
   * Throws SyntaxError with a message and no location where a value can't be used;
   * the loader adds file, line and column.
   */
  resolve(value: never, context: ResolveContext): Spec;
  /** Media that is known without looking (the gateway makes it itself). */
  media?(spec: Spec, tools: Tools): Media;
  /** What to ask ffprobe; absent for kinds whose media is known or never looked at. */
  probe?(spec: Spec): ProbeRequest;
  /** How ffmpeg reads it. Absent for kinds that ffmpeg does not read itself (publish, merge). */
  input?(spec: Spec, media: Media, tools: Tools): Input;
}

/** Keeps the types of one kind together. */
export function defineSource<Spec extends { kind: string }>(kind: SourceKind<Spec>): SourceKind<Spec> {
  return kind;
}
