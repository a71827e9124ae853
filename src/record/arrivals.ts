/** Whether footage of a path is to come, and whether it does: a stream that is there may be one that can't be recorded. */
import type { RecorderCommand } from './types.ts';

/** Milliseconds without a packet. */
const PATIENCE = 10_000;
/** Milliseconds between two words about it. */
const QUIET = 600_000;

export const NOTHING_COMES =
  "nothing of it reaches the recording: the media server can't record its codecs, or it stands still";

export class Arrivals {
  readonly #monotonic: () => number;
  #online: boolean | undefined;
  #server = true;
  /** Nothing came since, though it was to come. */
  #since: number;
  #saidAt = Number.NEGATIVE_INFINITY;
  /** Nothing comes of a stream that is there. */
  none = false;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#since = monotonic();
  }

  /** The publisher went, or the server: there will be no more for now. */
  get over(): boolean {
    return this.#online === false || !this.#server;
  }

  command(command: Extract<RecorderCommand, { type: 'path' | 'server' }>): void {
    if (command.type === 'server') this.#server = command.up;
    else this.#online = command.online;
    this.#begin();
  }

  /**
   * After each look at the ring.
   * @param any something came
   * @param on the server may write
   * @returns whether that nothing comes is to be said
   */
  looked(any: boolean, on: boolean): boolean {
    const now = this.#monotonic();
    if (any || !on || !this.#online || !this.#server) this.#begin();
    this.none = now - this.#since > PATIENCE;
    const say = this.none && now - this.#saidAt > QUIET;
    if (say) this.#saidAt = now;
    return say;
  }

  #begin(): void {
    this.#since = this.#monotonic();
  }
}
