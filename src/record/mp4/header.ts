/** The header of a file that we write: that of a ring file, with the real length, and with our own notes beside it. */
import type { Init } from '../types.ts';
import { box, boxes, boxHeader, find, fullBox, LONGEST_HEADER, u64, whole } from './boxes.ts';
import { openRegular, readAt } from './open.ts';

/** Marks our box among those that anybody may add. */
const MARK = Buffer.from('5c1e7c0a9d3f4b6e8a21c4d07fb2e963', 'hex');
const LONGEST_META = 64 * 1024;
/** Ours is the third box; nobody puts many before the first part. */
const MOST_BOXES = 16;

export interface Lengths {
  /** Seconds, to the end of what is shown last. */
  movie: number;
  /** By track: ticks of media, and seconds to its end. */
  tracks: ReadonlyMap<number, { media: number; end: number }>;
}

/** `ftyp` and `moov` with these lengths. What was noted of the file's place in the ring is left out. */
export function headerOf(init: Init, lengths: Lengths): Buffer {
  const moov = Buffer.from(init.moov);
  const top = find(moov, whole(moov), 'moov')!;
  const scale = setLength(moov, top, 'mvhd', 16, 24, (ticks) => lengths.movie * ticks);
  for (const trak of boxes(moov, top.body, top.end)) {
    const tkhd = trak.type === 'trak' ? find(moov, trak, 'tkhd') : undefined;
    if (tkhd === undefined) continue;
    const id = moov.readUInt32BE(tkhd.body + (moov[tkhd.body] === 1 ? 20 : 12));
    const length = lengths.tracks.get(id) ?? { media: 0, end: 0 };
    setLength(moov, trak, 'tkhd', 20, 28, () => length.end * scale);
    const mdia = find(moov, trak, 'mdia');
    if (mdia !== undefined) setLength(moov, mdia, 'mdhd', 16, 24, () => length.media);
  }
  const parts: Buffer[] = [];
  for (const part of boxes(moov, top.body, top.end)) {
    const bytes = moov.subarray(part.start, part.end);
    if (part.type === 'mvex') {
      const rest = [...boxes(moov, part.body, part.end)].filter((inner) => inner.type !== 'mehd');
      const mehd = fullBox('mehd', 1, 0, u64(Math.round(lengths.movie * scale)));
      parts.push(box('mvex', mehd, ...rest.map((inner) => moov.subarray(inner.start, inner.end))));
    } else if (part.type !== 'udta') parts.push(bytes);
  }
  return Buffer.concat([init.ftyp, box('moov', ...parts)]);
}

/** Our notes, as a box of their own. */
export function metaBox(meta: object): Buffer {
  const json = Buffer.from(JSON.stringify(meta));
  if (json.length > LONGEST_META) throw new Error(`notes of ${json.length} bytes are too long`);
  return box('uuid', MARK, json);
}

/** The notes in a file of ours; undefined: it has none, or is no such file. */
export async function readMeta(path: string): Promise<unknown> {
  const handle = await openRegular(path);
  if (handle === undefined) return undefined;
  try {
    for (let at = 0, count = 0; count < MOST_BOXES; count++) {
      const start = await readAt(handle, at, LONGEST_HEADER);
      const header = boxHeader(start, 0);
      if (header === undefined || header.type === 'moof' || header.type === 'mdat') return undefined;
      if (header.type === 'uuid' && header.size <= LONGEST_META + LONGEST_HEADER + MARK.length) {
        const bytes = await readAt(handle, at + header.header, header.size - header.header);
        if (bytes.length === header.size - header.header && bytes.subarray(0, MARK.length).equals(MARK))
          return parse(bytes.subarray(MARK.length));
      }
      at += header.size;
      if (!Number.isSafeInteger(at)) return undefined;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Writes the length into a header box, whose place depends on its version; gives the ticks a second that stand before it
 * (of no meaning in `tkhd`). Too long for 32 bits: all ones, which say that it isn't known.
 */
function setLength(
  moov: Buffer,
  within: { body: number; end: number },
  type: string,
  short: number,
  long: number,
  length: (ticks: number) => number,
): number {
  const found = find(moov, within, type);
  if (found === undefined) return 0;
  const is64 = moov[found.body] === 1;
  const at = found.body + (is64 ? long : short);
  if (at + (is64 ? 8 : 4) > found.end) return 0;
  const ticks = moov.readUInt32BE(at - 4);
  const value = Math.max(Math.round(length(ticks)), 0);
  if (is64) moov.writeBigUInt64BE(BigInt(value), at);
  else moov.writeUInt32BE(Math.min(value, 0xffffffff), at);
  return ticks;
}
