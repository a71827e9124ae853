/** Which track leads, and from ticks to seconds. */
import type { Init, Take, TrackInit } from './types.ts';

/** The track that decides where takes and cuts begin: the picture, or the sound where there is none. */
export function leadOf(init: Init): TrackInit | undefined {
  return init.tracks.find(({ kind }) => kind === 'video') ?? init.tracks[0];
}

/** To the microsecond, as ledgers have it. */
export function microseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}

/** Unix seconds of a time of a take. */
export function wallOf(take: Take, ticks: number, timescale: number): number {
  return take.anchor + ticks / timescale;
}
