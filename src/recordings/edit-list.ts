/**
 * Where an MP4 file ends for those who play it: its edit lists say how much of each track is shown, so a picture that
 * is only there for others to be decoded isn't seen.
 */
import type { FileHandle } from 'node:fs/promises';
import { boxes, boxHeader, find, LONGEST_HEADER, whole } from '../record/mp4/boxes.ts';
import { readAt } from '../record/mp4/open.ts';

/** Nobody's index is longer. */
const LONGEST = 1 << 30;

/** @param seconds from the beginning of the movie; what ends before stays as it is */
export async function endAfter(handle: FileHandle, seconds: number): Promise<void> {
  const place = await movieOf(handle);
  if (!place) throw new Error('ffmpeg wrote a file without a header');
  const moov = await readAt(handle, place.at, place.size);
  shorten(moov, seconds);
  await handle.write(moov, 0, moov.length, place.at);
}

export function shorten(moov: Buffer, seconds: number): void {
  const top = find(moov, whole(moov), 'moov');
  const mvhd = top && find(moov, top, 'mvhd');
  if (!top || !mvhd) return;
  const scale = moov.readUInt32BE(mvhd.body + (moov[mvhd.body] === 1 ? 20 : 12));
  const most = Math.round(seconds * scale);
  atMost(moov, mvhd.body, 16, 24, most);
  for (const trak of boxes(moov, top.body, top.end)) {
    if (trak.type !== 'trak') continue;
    const tkhd = find(moov, trak, 'tkhd');
    if (tkhd) atMost(moov, tkhd.body, 20, 28, most);
    const elst = find(moov, trak, 'edts', 'elst');
    if (elst) shortenEdits(moov, elst.body, elst.end, most);
  }
}

function shortenEdits(moov: Buffer, body: number, end: number, most: number): void {
  const long = moov[body] === 1;
  const each = long ? 20 : 12;
  let left = most;
  for (let at = body + 8; at + each <= end; at += each) {
    const ticks = long ? Number(moov.readBigUInt64BE(at)) : moov.readUInt32BE(at);
    const shown = Math.min(ticks, left);
    if (long) moov.writeBigUInt64BE(BigInt(shown), at);
    else moov.writeUInt32BE(shown, at);
    left -= shown;
  }
}

function atMost(moov: Buffer, body: number, short: number, long: number, most: number): void {
  if (moov[body] === 1) {
    const ticks = moov.readBigUInt64BE(body + long);
    if (ticks > BigInt(most)) moov.writeBigUInt64BE(BigInt(most), body + long);
  } else if (moov.readUInt32BE(body + short) > most) moov.writeUInt32BE(most, body + short);
}

async function movieOf(handle: FileHandle): Promise<{ at: number; size: number } | undefined> {
  for (let at = 0; ; ) {
    const header = boxHeader(await readAt(handle, at, LONGEST_HEADER), 0);
    if (!header || !Number.isFinite(header.size)) return undefined;
    if (header.type === 'moov') return header.size > LONGEST ? undefined : { at, size: header.size };
    at += header.size;
  }
}
