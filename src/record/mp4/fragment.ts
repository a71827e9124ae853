/** A `moof` box → its samples: times on the file's own timeline, and where their bytes lie. */
import { type Box, boxes, find, whole } from './boxes.ts';
import type { Defaults } from './init.ts';

/** Samples of one track that follow each other. */
export interface TrackFragment {
  track: number;
  /** Decode time of the first one in ticks; undefined: right after those before it. */
  base: number | undefined;
  samples: FragmentSample[];
}

export interface FragmentSample {
  /** From the beginning of the file. */
  offset: number;
  size: number;
  duration: number;
  /** Presentation minus decode time. */
  shift: number;
  key: boolean;
}

/** A part of the ring lasts half a second; nothing real has more samples than this. */
const MOST_SAMPLES = 100_000;
const NOT_SYNC = 0x10000;

/**
 * @param at where the box begins in its file
 * @returns undefined where the box contradicts itself
 */
export function parseFragment(
  moof: Buffer,
  at: number,
  defaults: ReadonlyMap<number, Defaults>,
): TrackFragment[] | undefined {
  const top = find(moof, whole(moof), 'moof');
  if (top === undefined) return undefined;
  const fragments: TrackFragment[] = [];
  let end = at;
  for (const traf of boxes(moof, top.body, top.end)) {
    if (traf.type !== 'traf') continue;
    const header = trackHeader(moof, traf, defaults);
    if (header === undefined) return undefined;
    // Without an offset of its own, the data of a track begins where that of the track before it ends.
    const base = header.base ?? (header.fromMoof ? at : end);
    const fragment: TrackFragment = { track: header.track, base: decodeTime(moof, traf), samples: [] };
    let next = base;
    for (const trun of boxes(moof, traf.body, traf.end)) {
      if (trun.type !== 'trun') continue;
      const after = readRun(moof, trun, header, base, next, fragment.samples);
      if (after === undefined) return undefined;
      next = after;
    }
    end = next;
    if (fragment.samples.length > 0) fragments.push(fragment);
  }
  return fragments;
}

interface TrackHeader extends Defaults {
  track: number;
  base: number | undefined;
  fromMoof: boolean;
}

function trackHeader(moof: Buffer, traf: Box, all: ReadonlyMap<number, Defaults>): TrackHeader | undefined {
  const tfhd = find(moof, traf, 'tfhd');
  if (tfhd === undefined || tfhd.end - tfhd.body < 8) return undefined;
  const flags = moof.readUInt32BE(tfhd.body) & 0xffffff;
  const track = moof.readUInt32BE(tfhd.body + 4);
  const optional = [8, 4, 4, 4, 4];
  const bits = [0x1, 0x2, 0x8, 0x10, 0x20];
  let at = tfhd.body + 8;
  const places = bits.map((bit, index) => {
    if ((flags & bit) === 0) return undefined;
    const place = at;
    at += optional[index]!;
    return place;
  });
  if (at > tfhd.end) return undefined;
  const known = all.get(track);
  const value = (index: number, other: number | undefined): number => {
    const place = places[index];
    return place === undefined ? (other ?? 0) : moof.readUInt32BE(place);
  };
  return {
    track,
    base: places[0] === undefined ? undefined : Number(moof.readBigUInt64BE(places[0])),
    fromMoof: (flags & 0x20000) !== 0,
    duration: value(2, known?.duration),
    size: value(3, known?.size),
    flags: value(4, known?.flags),
  };
}

function decodeTime(moof: Buffer, traf: Box): number | undefined {
  const tfdt = find(moof, traf, 'tfdt');
  if (tfdt === undefined) return undefined;
  const long = moof[tfdt.body] === 1;
  if (tfdt.end - tfdt.body < (long ? 12 : 8)) return undefined;
  return long ? Number(moof.readBigUInt64BE(tfdt.body + 4)) : moof.readUInt32BE(tfdt.body + 4);
}

/** Adds the samples of a `trun`; gives where their bytes end. */
function readRun(
  moof: Buffer,
  trun: Box,
  header: TrackHeader,
  base: number,
  next: number,
  samples: FragmentSample[],
): number | undefined {
  if (trun.end - trun.body < 8) return undefined;
  const flags = moof.readUInt32BE(trun.body) & 0xffffff;
  const count = moof.readUInt32BE(trun.body + 4);
  const each = [0x100, 0x200, 0x400, 0x800].filter((bit) => (flags & bit) !== 0).length * 4;
  const fixed = 8 + ((flags & 0x1) !== 0 ? 4 : 0) + ((flags & 0x4) !== 0 ? 4 : 0);
  if (samples.length + count > MOST_SAMPLES || trun.body + fixed + count * each > trun.end) return undefined;
  let at = trun.body + 8;
  let offset = next;
  if ((flags & 0x1) !== 0) {
    offset = base + moof.readInt32BE(at);
    at += 4;
  }
  let first: number | undefined;
  if ((flags & 0x4) !== 0) {
    first = moof.readUInt32BE(at);
    at += 4;
  }
  const field = (bit: number, other: number): number => {
    if ((flags & bit) === 0) return other;
    at += 4;
    return moof.readUInt32BE(at - 4);
  };
  for (let index = 0; index < count; index++) {
    const duration = field(0x100, header.duration);
    const size = field(0x200, header.size);
    const own = field(0x400, index === 0 && first !== undefined ? first : header.flags);
    // Signed in version 1; in version 0 nothing real reaches the sign, and some writers put one there all the same.
    const shift = field(0x800, 0) | 0;
    samples.push({ offset, size, duration, shift, key: (own & NOT_SYNC) === 0 });
    offset += size;
  }
  return offset;
}
