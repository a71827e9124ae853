/** The samples of a span of time, out of the takes that the ring still holds. */
import { AHEAD } from './clip-windows.ts';
import { type Cut, cutOf } from './cut.ts';
import type { FootageEvent } from './footage.ts';
import { type DigestOf, Headers } from './headers.ts';
import { leadOf, wallOf } from './tracks.ts';
import type { Sample, Take, TrackInit } from './types.ts';

/** A take as far as it is known, without what was forgotten at its beginning. */
export interface HeldTake {
  take: Take;
  lead: TrackInit;
  /** Of all tracks, by decode time within each. */
  samples: Sample[];
  parameters: string | undefined;
}

/** Keeps what clips may need: the takes of late. */
export class Shelf {
  readonly #headers: Headers;
  readonly #longest: number;
  #takes: HeldTake[] = [];
  /** The last take goes on. */
  live = false;

  /** @param longest seconds of a take that are held at most */
  constructor(digestOf: DigestOf, longest: number) {
    this.#headers = new Headers(digestOf);
    this.#longest = longest;
  }

  push(event: FootageEvent): void {
    if (event.type === 'init') this.#headers.add(event.init);
    else if (event.type === 'take') {
      const lead = leadOf(event.take.init);
      if (!lead) return;
      this.#takes.push({ take: event.take, lead, samples: [], parameters: undefined });
      this.live = true;
    } else if (event.type === 'sample') {
      const held = this.#takes.at(-1);
      held?.samples.push(event.sample);
      if (held) held.parameters ??= event.sample.parameters;
    } else if (event.type === 'end') this.live = false;
  }

  /** The oldest sample: its file, and those after it, are needed. */
  get oldest(): Sample | undefined {
    return this.#takes[0]?.samples[0];
  }

  /** Unix seconds of the end of the newest picture. */
  get newest(): number | undefined {
    const held = this.#takes.at(-1);
    if (!held) return undefined;
    const last = held.samples.findLast(({ track }) => track === held.lead.id);
    return last && wallOf(held.take, last.pts + last.duration, held.lead.timescale);
  }

  /** The wall clock was set: takes that were begun by the old one go by the new one from here on. */
  step(by: number): void {
    for (const held of this.#takes) held.take = { ...held.take, anchor: held.take.anchor + by };
  }

  /**
   * @param before Unix seconds; the group of pictures that is on at this moment stays
   * @param now Unix seconds: a take that is over can't have ended later
   */
  forget(before: number, now = Number.POSITIVE_INFINITY): void {
    this.#takes = this.#takes.filter((held, index) => {
      const { take, lead, samples } = held;
      const start = Math.max(keyBefore(held, before), this.#tooLong(held));
      if (start > 0) held.samples = samples.slice(start);
      if (this.live && index === this.#takes.length - 1) return true;
      return held.samples.some(({ track, pts, duration }) => {
        const end = wallOf(take, pts + duration, lead.timescale);
        return track === lead.id && end > before && end < now + AHEAD;
      });
    });
  }

  /** Without key frames, or with a clock that nobody told of, nothing would ever be old enough. An index. */
  #tooLong({ lead, samples }: HeldTake): number {
    const newest = samples.findLast(({ track }) => track === lead.id)?.dts ?? 0;
    const oldest = newest - this.#longest * lead.timescale;
    return Math.max(
      0,
      samples.findIndex(({ track, dts }) => track === lead.id && dts >= oldest),
    );
  }

  /** One piece for each take that the window (Unix seconds) meets. */
  cut(window: { from: number; to: number }): Cut[] {
    return this.#takes.flatMap((held) => {
      const cut = clipCut(held, window);
      if (!cut) return [];
      const init = this.#headers.find(held.take, held.parameters);
      return [{ ...cut, init: init ?? cut.init, fits: init !== undefined }];
    });
  }
}

/**
 * From the last key frame at or before the window's start (or where the take begins) up to its end. Pictures that are
 * shown before the end may need later ones: where they are out of order, the clip ends where no picture is missing.
 */
export function clipCut(held: HeldTake, { from, to }: { from: number; to: number }): Cut | undefined {
  const { take, lead } = held;
  const end = Math.round((to - take.anchor) * lead.timescale);
  const own = held.samples.slice(keyBefore(held, from)).filter(({ track }) => track === lead.id);
  let count = own.findLastIndex(({ pts }) => pts < end) + 1;
  let reached = own.slice(0, count).reduce((most, { pts }) => Math.max(most, pts), Number.NEGATIVE_INFINITY);
  for (let next = own[count]; next && next.pts < reached; next = own[++count])
    reached = Math.max(reached, next.pts);
  const pictures = own.slice(0, count);
  const [first, last] = [pictures[0], pictures.at(-1)];
  if (!first || !last || !begins(held, first)) return undefined;
  const shown = cutOf(take, lead, pictures, last.dts + last.duration, true);
  if (wallOf(take, shown.endPts, lead.timescale) <= from) return undefined;
  const [start, stop] = [shown.firstPts / lead.timescale, shown.endPts / lead.timescale];
  const samples = held.samples.filter((sample) => {
    if (sample.track === lead.id) return sample.dts >= first.dts && sample.dts <= last.dts;
    const scale = take.init.tracks.find(({ id }) => id === sample.track)?.timescale ?? 1;
    return sample.pts / scale >= start && sample.pts / scale < stop;
  });
  return cutOf({ ...take }, lead, samples, shown.endDts, true);
}

/** Where to begin so that the picture of this moment, or the first one, can be decoded: an index of `samples`. */
function keyBefore(held: HeldTake, moment: number): number {
  const { take, lead, samples } = held;
  const ticks = Math.round((moment - take.anchor) * lead.timescale);
  const index = samples.findLastIndex((sample) => begins(held, sample) && sample.pts <= ticks);
  if (index >= 0) return index;
  return Math.max(
    0,
    samples.findIndex((sample) => begins(held, sample)),
  );
}

function begins({ lead }: HeldTake, { track, key }: Sample): boolean {
  return track === lead.id && (key || lead.kind === 'audio');
}
