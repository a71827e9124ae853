/**
 * Which header a cut gets. The header of a ring file is of the moment when the file was begun, so it may be the slate's
 * where the file holds footage, and the other way round: only one whose parameter sets are those of the cut's own
 * key frames will do.
 */
import { leadOf } from './tracks.ts';
import type { Init, Take, TrackInit } from './types.ts';

/** Digest of the parameter sets in a header, made as `Sample.parameters` are; undefined: it has none. */
export type DigestOf = (init: Init, track: TrackInit) => string | undefined;

/**
 * A run has two as a rule, the stream's and the slate's. A camera may change its parameters again and again, but each file
 * of the ring brings the newest, and no cut waits for more than a few files.
 */
const MOST = 16;

export class Headers {
  readonly #digestOf: DigestOf;
  #run: string | undefined;
  /** Those of the newest files last. */
  #byDigest = new Map<string, Init>();

  constructor(digestOf: DigestOf) {
    this.#digestOf = digestOf;
  }

  add(init: Init): void {
    if (init.run !== this.#run) {
      this.#run = init.run;
      this.#byDigest = new Map();
    }
    const lead = leadOf(init);
    const digest = lead && this.#digestOf(init, lead);
    if (digest === undefined) return;
    const known = this.#byDigest.get(digest);
    this.#byDigest.delete(digest);
    // The first one stays: a file that grows goes on as long as its header does.
    this.#byDigest.set(digest, known ?? init);
    const [oldest] = this.#byDigest.keys();
    if (oldest !== undefined && this.#byDigest.size > MOST) this.#byDigest.delete(oldest);
  }

  /** undefined: none that fits has come yet. Without parameters in band any header of the run is right. */
  find(take: Take, parameters: string | undefined): Init | undefined {
    if (parameters === undefined) return take.init;
    return take.run === this.#run ? this.#byDigest.get(parameters) : undefined;
  }
}
