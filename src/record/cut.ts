/**
 * Cuts takes into segments: from key frame to key frame, the first at or after start + every. Each packet of a take is
 * in exactly one of them. What is cut is forgotten here as soon as it was given out, together with a header that fits.
 * Where no key frame comes it is cut all the same: played after the one before, also a segment without any can be decoded.
 */
import type { FootageEvent } from './footage.ts';
import { type DigestOf, Headers } from './headers.ts';
import { leadOf } from './tracks.ts';
import type { Init, Sample, Take, TrackInit } from './types.ts';

/** Part of one take, as it is written to a file. Times in ticks of the leading track. */
export interface Cut {
  /** With the anchor that was known at the end of the cut. */
  take: Take;
  lead: TrackInit;
  init: Init;
  /** The header's parameter sets are those of the key frames. */
  fits: boolean;
  /** Of all tracks, by decode time within each. */
  samples: Sample[];
  dts: number;
  endDts: number;
  firstPts: number;
  lastPts: number;
  /** Where the last picture ends. */
  endPts: number;
  /** Samples of the leading track. */
  frames: number;
  complete: boolean;
}

export interface CutterOptions {
  /** Seconds. */
  every: number;
  /** Seconds between key frames, where they are made for the cuts: the one that is meant may come a little early. */
  gop?: number | undefined;
  digestOf: DigestOf;
  /** Of each run: up to where all was written by the recorder before, and is left out. */
  written?: ReadonlyMap<string, number> | undefined;
}

/** Seconds that a cut waits for a key frame: all that long its packets are in memory and their files in the ring. */
const LONGEST_WAIT = 600;
/** Files of a run that may come before a cut is given out with a header that doesn't fit. */
const PATIENCE = 3;

interface Ready {
  cut: Cut;
  parameters: string | undefined;
  /** Headers that came since. */
  seen: number;
}

export class Cutter {
  readonly #every: number;
  readonly #early: number;
  readonly #headers: Headers;
  /** Of runs of which nothing new came yet. */
  readonly #written: Map<string, number>;
  #lead: TrackInit | undefined;
  #take: Take | undefined;
  #parameters: string | undefined;
  #samples: Sample[] = [];
  #dts = 0;
  /** The last sample of the leading track. */
  #last: Sample | undefined;
  #ready: Ready[] = [];

  constructor({ every, gop = 0, digestOf, written }: CutterOptions) {
    this.#every = every;
    this.#early = gop / 4;
    this.#headers = new Headers(digestOf);
    this.#written = new Map(written);
  }

  /** The oldest sample that is still needed, or would be if something went wrong; undefined: none. */
  get oldest(): Sample | undefined {
    return this.#ready[0]?.cut.samples[0] ?? this.#samples[0];
  }

  push(event: FootageEvent): Cut[] {
    if (event.type === 'init') this.#header(event.init);
    else if (event.type === 'take') this.#begin(event.take);
    else if (event.type === 'sample') this.#sample(event.sample);
    else if (event.type === 'end') this.#end(event.endDts, event.complete);
    return this.#given(false);
  }

  /** What is open, and what waited for a header. */
  finish(): Cut[] {
    if (this.#last) this.#end(this.#last.dts + this.#last.duration, true);
    return this.#given(true);
  }

  #header(init: Init): void {
    this.#headers.add(init);
    for (const ready of this.#ready) {
      const { take } = ready.cut;
      ready.seen = take.run === init.run ? ready.seen + 1 : PATIENCE;
    }
  }

  #begin(take: Take): void {
    this.#take = take;
    this.#lead = leadOf(take.init);
    this.#parameters = undefined;
    this.#last = undefined;
    this.#samples = [];
  }

  #sample(sample: Sample): void {
    const [take, lead] = [this.#take, this.#lead];
    if (!take || !lead) return;
    if (sample.track !== lead.id) {
      if (this.#last && seconds(take, sample) >= this.#dts / lead.timescale) this.#samples.push(sample);
      return;
    }
    this.#parameters ??= sample.parameters;
    if (!this.#isNew(take, sample)) return;
    const last = this.#last;
    if (last) {
      // Before a pause the last picture lasts as long as the pause.
      const frame = Math.min(last.duration, sample.duration);
      const early = Math.max(frame / 2, this.#early * lead.timescale);
      const due = this.#dts + this.#every * lead.timescale - early;
      const free = sample.key || lead.kind === 'audio' || sample.dts >= due + LONGEST_WAIT * lead.timescale;
      if (free && sample.dts >= due) this.#end(sample.dts, true);
    }
    if (this.#samples.length === 0) this.#dts = sample.dts;
    this.#samples.push(sample);
    this.#last = sample;
  }

  /** A recorder that begins again reads the ring anew. Its times may then differ by some ticks of rounding. */
  #isNew({ run }: Take, { dts, duration }: Sample): boolean {
    const until = this.#written.get(run);
    if (until !== undefined && dts < until - duration / 2) return false;
    this.#written.delete(run);
    return true;
  }

  #end(endDts: number, complete: boolean): void {
    const [take, lead] = [this.#take, this.#lead];
    if (take && lead && this.#last) {
      const cut = cutOf({ ...take }, lead, this.#samples, endDts, complete);
      this.#ready.push({ cut, parameters: this.#parameters, seen: 0 });
    }
    this.#samples = [];
    this.#last = undefined;
  }

  /** In their order: one that waits for its header holds up those behind it. */
  #given(all: boolean): Cut[] {
    const given: Cut[] = [];
    for (let next = this.#ready[0]; next; next = this.#ready[0]) {
      const fit = this.#headers.find(next.cut.take, next.parameters);
      if (!fit && !all && next.seen < PATIENCE) break;
      given.push({ ...next.cut, init: fit ?? next.cut.init, fits: fit !== undefined });
      this.#ready.shift();
    }
    return given;
  }
}

function seconds({ init }: Take, { track, dts }: Sample): number {
  return dts / (init.tracks.find(({ id }) => id === track)?.timescale ?? 1);
}

/** @param samples begin with one of the leading track */
export function cutOf(
  take: Take,
  lead: TrackInit,
  samples: Sample[],
  endDts: number,
  complete: boolean,
): Cut {
  const own = samples.filter(({ track }) => track === lead.id);
  const cut: Cut = {
    take,
    lead,
    init: take.init,
    fits: false,
    samples,
    dts: own[0]?.dts ?? endDts,
    endDts,
    firstPts: Number.POSITIVE_INFINITY,
    lastPts: Number.NEGATIVE_INFINITY,
    endPts: Number.NEGATIVE_INFINITY,
    frames: own.length,
    complete,
  };
  for (const { pts, duration } of own) {
    cut.firstPts = Math.min(cut.firstPts, pts);
    cut.lastPts = Math.max(cut.lastPts, pts);
    cut.endPts = Math.max(cut.endPts, pts + duration);
  }
  return cut;
}
