/** The boxes that describe a part of a file that we write, and the index of all parts. */
import { box, fullBox, u16, u32, u32s, u64 } from './boxes.ts';
import type { Layout, Part, Run } from './layout.ts';

const HEADER = 8;
const BASE_IS_MOOF = 0x020000;
const DATA_OFFSET = 0x001;
const DURATION = 0x100;
const SIZE = 0x200;
const FLAGS = 0x400;
const SHIFT = 0x800;

/** Of a sample: depends on no other; depends on others and isn't a place to begin. */
const SYNC = 0x02000000;
const NOT_SYNC = 0x01010000;

const MOST_PARTS = 0xffff;
const MOST_BYTES = 0x7fffffff;

/** Description of a part, and the header of its data. The data of its tracks follow each other, in the order of its runs. */
export function partHeader(part: Part, number: number): Buffer {
  const description = descriptionLength(part);
  let offset = description + HEADER;
  const tracks = part.runs.map((run) => {
    const tfhd = fullBox('tfhd', 0, BASE_IS_MOOF, u32(run.track.id));
    const tfdt = fullBox('tfdt', 1, 0, u64(run.placed[0]!.dts));
    const traf = box('traf', tfhd, tfdt, trun(run, offset));
    offset += bytesOf(run);
    return traf;
  });
  const moof = box('moof', fullBox('mfhd', 0, 0, u32(number)), ...tracks);
  return Buffer.concat([moof, u32(HEADER + dataLength(part)), Buffer.from('mdat', 'latin1')]);
}

/** Says where each part is and when it is shown, so that a player need not search; empty where there are too many. */
export function indexOf({ parts, lead, firstPts }: Layout): Buffer {
  if (parts.length > MOST_PARTS) return Buffer.alloc(0);
  const entries = parts.map((part) => {
    const size = descriptionLength(part) + HEADER + dataLength(part);
    if (size > MOST_BYTES) throw new Error('a second of footage with more than 2 GiB');
    return u32(size, part.duration, part.key ? 0x90000000 : 0);
  });
  return fullBox(
    'sidx',
    1,
    0,
    u32(lead.id, lead.timescale),
    u64(Math.max(firstPts, 0), 0),
    u16(0, parts.length),
    Buffer.concat(entries),
  );
}

function trun(run: Run, offset: number): Buffer {
  const flags = flagsOf(run);
  const values = [run.placed.length, offset];
  for (const { sample, dts, pts, duration } of run.placed) {
    values.push(duration, sample.size, sample.key ? SYNC : NOT_SYNC);
    // Signed, written as its bits.
    if ((flags & SHIFT) !== 0) values.push((pts - dts) >>> 0);
  }
  return fullBox('trun', 1, flags, u32s(values));
}

function flagsOf(run: Run): number {
  const shifted = run.placed.some(({ dts, pts }) => dts !== pts);
  return DATA_OFFSET | DURATION | SIZE | FLAGS | (shifted ? SHIFT : 0);
}

/** Of the whole `moof`. */
function descriptionLength(part: Part): number {
  const header = HEADER + 4;
  const tracks = part.runs.map((run) => {
    const each = (flagsOf(run) & SHIFT) !== 0 ? 16 : 12;
    // traf, tfhd with its track, tfdt with its time, trun with count, offset and samples
    return HEADER + (header + 4) + (header + 8) + (header + 8 + run.placed.length * each);
  });
  return HEADER + (header + 4) + tracks.reduce((sum, length) => sum + length, 0);
}

function dataLength(part: Part): number {
  return part.runs.reduce((sum, run) => sum + bytesOf(run), 0);
}

function bytesOf(run: Run): number {
  return run.placed.reduce((sum, { sample }) => sum + sample.size, 0);
}
