/**
 * Which header a cut gets. The header of a ring file is of the moment when the file was begun, so it may be the slate's
 * where the file holds footage, and the other way round: only one whose parameter sets are those of the cut's own
 * key frames will do.
 */
import { leadOf } from './tracks.ts';
import type { Init, Take, TrackInit } from './types.ts';

/** Digest of the parameter sets in a header, made as `Sample.parameters` are; undefined: it has none. */
export type DigestOf = (init: Init, track: TrackInit) => string | undefined;

export class Headers {
  readonly #digestOf: DigestOf;
  #run: string | undefined;
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
    if (digest !== undefined && !this.#byDigest.has(digest)) this.#byDigest.set(digest, init);
  }

  /** undefined: none that fits has come yet. Without parameters in band any header of the run is right. */
  find(take: Take, parameters: string | undefined): Init | undefined {
    if (parameters === undefined) return take.init;
    return take.run === this.#run ? this.#byDigest.get(parameters) : undefined;
  }
}
