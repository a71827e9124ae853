/** The header of a fragmented MP4 file: which tracks, and where the file stands in its run of the server's recorder. */
import type { Init, TrackInit } from '../types.ts';
import { type Box, boxes, find } from './boxes.ts';

/** Bytes of a sample entry before the boxes inside it. */
const VISUAL_ENTRY = 78;
const SOUND_ENTRY = 28;

/** Boxes with a decoder's configuration. */
const CONFIGS = new Set(['avcC', 'hvcC', 'av1C', 'vpcC', 'esds', 'dOps', 'dac3', 'pcmC']);

/** What a fragment leaves out stands here. */
export interface Defaults {
  duration: number;
  size: number;
  flags: number;
}

/**
 * The header at the beginning of a file; undefined while it isn't whole, and where it is no fragmented MP4.
 * A file of another writer has no `mtxi` box: it is a run of its own that begins at 0.
 */
export function parseInit(bytes: Buffer): Init | undefined {
  let ftyp: Box | undefined;
  for (const found of boxes(bytes)) {
    if (found.type === 'ftyp') ftyp = found;
    if (found.type !== 'moov') continue;
    if (ftyp === undefined) return undefined;
    const tracks: TrackInit[] = [];
    for (const trak of boxes(bytes, found.body, found.end)) {
      if (trak.type !== 'trak') continue;
      const track = parseTrack(bytes, trak);
      if (track !== undefined) tracks.push(track);
    }
    if (tracks.length === 0) return undefined;
    return {
      ftyp: Buffer.from(bytes.subarray(ftyp.start, ftyp.end)),
      moov: Buffer.from(bytes.subarray(found.start, found.end)),
      tracks,
      ...placeInRun(bytes, found),
    };
  }
  return undefined;
}

/** Where the duration of the whole file stands within `moov`, and how many bytes it has. */
export function durationPlace(moov: Buffer): { at: number; bytes: 4 | 8 } | undefined {
  const mvhd = movieHeader(moov);
  if (mvhd === undefined) return undefined;
  const long = moov[mvhd.body] === 1;
  const at = mvhd.body + (long ? 24 : 16);
  return at + (long ? 8 : 4) > mvhd.end ? undefined : { at, bytes: long ? 8 : 4 };
}

/** By track: what holds for samples of which a fragment says nothing else. */
export function defaultsOf(moov: Buffer): Map<number, Defaults> {
  const defaults = new Map<number, Defaults>();
  const top = movie(moov);
  const mvex = top && find(moov, top, 'mvex');
  if (mvex === undefined) return defaults;
  for (const trex of boxes(moov, mvex.body, mvex.end)) {
    if (trex.type !== 'trex' || trex.end - trex.body < 24) continue;
    defaults.set(moov.readUInt32BE(trex.body + 4), {
      duration: moov.readUInt32BE(trex.body + 12),
      size: moov.readUInt32BE(trex.body + 16),
      flags: moov.readUInt32BE(trex.body + 20),
    });
  }
  return defaults;
}

function movie(moov: Buffer): Box | undefined {
  return find(moov, { body: 0, end: moov.length }, 'moov');
}

function movieHeader(moov: Buffer): Box | undefined {
  return find(moov, { body: 0, end: moov.length }, 'moov', 'mvhd');
}

function parseTrack(bytes: Buffer, trak: Box): TrackInit | undefined {
  const tkhd = find(bytes, trak, 'tkhd');
  const mdhd = find(bytes, trak, 'mdia', 'mdhd');
  const hdlr = find(bytes, trak, 'mdia', 'hdlr');
  const stsd = find(bytes, trak, 'mdia', 'minf', 'stbl', 'stsd');
  if (tkhd === undefined || mdhd === undefined || hdlr === undefined || stsd === undefined) return undefined;
  const idAt = tkhd.body + (bytes[tkhd.body] === 1 ? 20 : 12);
  const scaleAt = mdhd.body + (bytes[mdhd.body] === 1 ? 20 : 12);
  if (idAt + 4 > tkhd.end || scaleAt + 4 > mdhd.end || hdlr.body + 12 > hdlr.end) return undefined;
  const handler = bytes.toString('latin1', hdlr.body + 8, hdlr.body + 12);
  const kind = handler === 'vide' ? 'video' : handler === 'soun' ? 'audio' : undefined;
  const timescale = bytes.readUInt32BE(scaleAt);
  const [entry] = boxes(bytes, stsd.body + 8, stsd.end);
  if (kind === undefined || timescale === 0 || entry === undefined) return undefined;
  const fixed = entry.body + (kind === 'video' ? VISUAL_ENTRY : SOUND_ENTRY);
  if (fixed > entry.end) return undefined;
  let config: Buffer = Buffer.alloc(0);
  for (const inner of boxes(bytes, fixed, entry.end))
    if (CONFIGS.has(inner.type)) config = Buffer.from(bytes.subarray(inner.body, inner.end));
  return {
    id: bytes.readUInt32BE(idAt),
    kind,
    timescale,
    codec: entry.type,
    ...(kind === 'video' && {
      width: bytes.readUInt16BE(entry.body + 24),
      height: bytes.readUInt16BE(entry.body + 26),
    }),
    config,
  };
}

/** What the server says of the file in `mtxi`. */
function placeInRun(bytes: Buffer, moov: Box): Pick<Init, 'run' | 'number' | 'dts' | 'ntp'> {
  const mtxi = find(bytes, moov, 'udta', 'mtxi');
  if (mtxi === undefined || mtxi.end - mtxi.body < 44) return { run: '', number: 0, dts: 0n, ntp: 0n };
  const at = mtxi.body + 4;
  return {
    run: bytes.toString('hex', at, at + 16),
    number: Number(bytes.readBigUInt64BE(at + 16)),
    dts: bytes.readBigInt64BE(at + 24),
    ntp: bytes.readBigInt64BE(at + 32),
  };
}
