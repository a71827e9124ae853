/** Asks a source what it holds until it answers. */
import { messageOf } from '../errors.ts';
import type { Media } from '../media.ts';
import type { ExitCause, Figures } from '../observe/state.ts';
import type { Arg, ProbeUnit } from '../plan/types.ts';
import { cause } from './cause.ts';
import { endpointOfInput, knock } from './knock.ts';
import type { StartGate } from './start-gate.ts';
import { classOf } from './stderr.ts';
import { type Attempt, type Behaviour, type Ending, stopOf } from './unit.ts';

export interface ProbeHost {
  gate: StartGate;
  resolve(arg: Arg): string;
  /** Resolves once the server has all of them; false when the signal was aborted before. */
  pathsOnline(paths: string[], signal: AbortSignal): Promise<boolean>;
  probe(args: string[], signal: AbortSignal): Promise<Media>;
  onMedia(source: string, media: Media): void;
  redact(text: string): string;
}

export class ProbeBehaviour implements Behaviour {
  readonly kind = 'probe';
  readonly figures: Figures = {};
  readonly #spec: ProbeUnit;
  readonly #host: ProbeHost;

  constructor(spec: ProbeUnit, host: ProbeHost) {
    this.#spec = spec;
    this.#host = host;
  }

  get id(): string {
    return this.#spec.id;
  }

  get routes(): string[] {
    return this.#spec.routes;
  }

  async run(attempt: Attempt): Promise<Ending> {
    const { args, reads, source } = this.#spec;
    const { signal } = attempt;
    const endpoint = endpointOfInput(args);
    if (attempt.retry && endpoint !== undefined) {
      const refused = await knock(endpoint, signal);
      if (refused !== undefined) return refused;
    }
    if (!(await this.#host.pathsOnline(reads, signal))) return stopOf(signal).cause;
    const slot = await this.#host.gate.acquire(signal, false);
    if (slot === undefined) return stopOf(signal).cause;
    let media: Media;
    try {
      media = await this.#host.probe(
        args.map((arg) => this.#host.resolve(arg)),
        signal,
      );
    } catch (error) {
      if (signal.aborted) return stopOf(signal).cause;
      return this.#causeOf(error);
    } finally {
      slot.release();
    }
    if (signal.aborted) return stopOf(signal).cause;
    // After this life is over: the new plan that it leads to has no such unit any more.
    setImmediate(() => this.#host.onMedia(source, media));
    return 'done';
  }

  #causeOf(error: unknown): ExitCause {
    const reason = this.#host.redact(messageOf(error));
    return cause(classOf(reason) ?? 'input', reason);
  }
}
