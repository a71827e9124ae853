/**
 * What the first bytes of a key frame tell: by which parameter sets it is decoded, and whether it is the picture that
 * the server shows while a publisher is away. Both are digests, so they are compared and never parsed further.
 */
import { createHash } from 'node:crypto';
import type { TrackInit } from '../types.ts';

/** Of a key frame no more bytes than these are needed. */
export const HEAD_BYTES = 1024;

/** Bytes of the picture itself that tell the slate from anything that was encoded the same way. */
const PICTURE_BYTES = 768;

/** The first pictures of the slates of MediaMTX v1.20.1: digests of their first bytes without parameter sets. */
const SLATES: ReadonlySet<string> = new Set([
  '43fc939d2faae342', // H.264
  '8ca71419e6938771', // H.265
  '89b5673c56344ad4', // AV1
  '8120602b82b70eec', // VP9
]);

export interface KeyFrame {
  parameters: string | undefined;
  slate: boolean;
}

/** @param head the first bytes of the frame, HEAD_BYTES at most are looked at */
export function inspectKey(track: TrackInit, head: Buffer): KeyFrame {
  const start = head.subarray(0, HEAD_BYTES);
  const { sets, picture } = split(track, start);
  return {
    // A frame without sets of its own is decoded by those of the header.
    parameters: sets.length > 0 ? digest(sets) : digestOfConfig(track),
    slate: SLATES.has(digest([Buffer.concat(picture).subarray(0, PICTURE_BYTES)])),
  };
}

/** The same digest, of the parameter sets in a file's header; undefined where the codec has none or they are unreadable. */
export function digestOfConfig(track: TrackInit): string | undefined {
  const { config } = track;
  let sets: Buffer[] = [];
  switch (track.codec) {
    case 'avc1':
    case 'avc3':
      sets = setsOfAvcC(config);
      break;
    case 'hvc1':
    case 'hev1':
      sets = setsOfHvcC(config);
      break;
    case 'av01':
      sets = obus(config.subarray(4))
        .filter((obu) => obu.type === SEQUENCE_HEADER)
        .map((obu) => obu.body);
      break;
    case 'vp09':
      if (config.length >= 7) {
        const byte = config[6]!;
        sets = [vp9Sets(config[4]!, byte >> 4, (byte >> 1) & 7, byte & 1, track.width ?? 0)];
      }
      break;
  }
  return sets.length > 0 ? digest(sets) : undefined;
}

/** Each part with its length before it, so that no two lists of parts look the same. */
function digest(parts: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 16);
}

/** Parameter sets, and the rest without what a server may add or leave out. */
function split(track: TrackInit, head: Buffer): { sets: Buffer[]; picture: Buffer[] } {
  switch (track.codec) {
    case 'avc1':
    case 'avc3':
      return splitUnits(head, ((track.config[4] ?? 3) & 3) + 1, H264);
    case 'hvc1':
    case 'hev1':
      return splitUnits(head, ((track.config[21] ?? 3) & 3) + 1, H265);
    case 'av01': {
      const all = obus(head, true);
      return {
        sets: all.filter((obu) => obu.type === SEQUENCE_HEADER).map((obu) => obu.body),
        picture: all
          .filter((obu) => obu.type !== SEQUENCE_HEADER && obu.type !== TEMPORAL_DELIMITER)
          .map((obu) => obu.body),
      };
    }
    case 'vp09': {
      const sets = setsOfVp9(head);
      return { sets: sets === undefined ? [] : [sets], picture: [head] };
    }
    default:
      return { sets: [], picture: [] };
  }
}

interface UnitTypes {
  type(first: number): number;
  /** In the order in which a header lists them. */
  sets: readonly number[];
  delimiter: number;
}
const H264: UnitTypes = { type: (first) => first & 0x1f, sets: [7, 8], delimiter: 9 };
const H265: UnitTypes = { type: (first) => (first >> 1) & 0x3f, sets: [32, 33, 34], delimiter: 35 };

/** Of units with their length before them; the last one may be there in part. */
function splitUnits(
  head: Buffer,
  lengthBytes: number,
  types: UnitTypes,
): { sets: Buffer[]; picture: Buffer[] } {
  const sets: { type: number; unit: Buffer }[] = [];
  const picture: Buffer[] = [];
  for (let at = 0; at + lengthBytes < head.length; ) {
    const length = head.readUIntBE(at, lengthBytes);
    const unit = head.subarray(at + lengthBytes, at + lengthBytes + length);
    at += lengthBytes + length;
    if (unit.length === 0) continue;
    const type = types.type(unit[0]!);
    if (!types.sets.includes(type)) {
      if (type !== types.delimiter) picture.push(unit);
    } else if (unit.length === length) sets.push({ type, unit });
  }
  // Stable: those of one type keep their order.
  sets.sort((a, b) => a.type - b.type);
  return { sets: sets.map((set) => set.unit), picture };
}

function setsOfAvcC(config: Buffer): Buffer[] {
  const sets: Buffer[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    if (at >= config.length) return [];
    const count = config[at]! & mask;
    at = takeUnits(config, at + 1, count, sets);
  }
  return at <= config.length ? sets : [];
}

function setsOfHvcC(config: Buffer): Buffer[] {
  const found: { type: number; units: Buffer[] }[] = [];
  let at = 23;
  for (let left = config[22] ?? 0; left > 0; left--) {
    if (at + 3 > config.length) return [];
    const units: Buffer[] = [];
    const type = config[at]! & 0x3f;
    at = takeUnits(config, at + 3, config.readUInt16BE(at + 1), units);
    if (H265.sets.includes(type)) found.push({ type, units });
  }
  found.sort((a, b) => a.type - b.type);
  return at <= config.length ? found.flatMap((array) => array.units) : [];
}

/** Adds units with two bytes of length each; gives where the next thing begins, behind the end if there is too little. */
function takeUnits(config: Buffer, from: number, count: number, units: Buffer[]): number {
  let at = from;
  for (let left = count; left > 0; left--) {
    if (at + 2 > config.length) return config.length + 1;
    const end = at + 2 + config.readUInt16BE(at);
    if (end > config.length) return config.length + 1;
    units.push(config.subarray(at + 2, end));
    at = end;
  }
  return at;
}

const SEQUENCE_HEADER = 1;
const TEMPORAL_DELIMITER = 2;

/** The units of an AV1 stream that have a size, without header and size. `partial`: also the last one if it is cut off. */
function obus(bytes: Buffer, partial = false): { type: number; body: Buffer }[] {
  const found: { type: number; body: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!;
    at += (first & 0x4) !== 0 ? 2 : 1;
    if ((first & 0x2) === 0) break;
    let size = 0;
    let shift = 0;
    for (let more = true; more && at < bytes.length && shift < 28; at++, shift += 7) {
      size |= (bytes[at]! & 0x7f) << shift;
      more = (bytes[at]! & 0x80) !== 0;
    }
    const type = (first >> 3) & 0xf;
    if (at + size <= bytes.length || (partial && type !== SEQUENCE_HEADER))
      found.push({ type, body: bytes.subarray(at, at + size) });
    at += size;
  }
  return found;
}

const VP9_SYNC = 0x498342;
const RGB = 7;

/** Of the header of a key frame (uncompressed header of the VP9 bitstream). */
function setsOfVp9(head: Buffer): Buffer | undefined {
  let at = 0;
  const bits = (count: number): number => {
    let value = 0;
    for (let left = count; left > 0; left--, at++)
      value = (value << 1) | (((head[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    return value;
  };
  if (head.length < 12 || bits(2) !== 2) return undefined;
  const profile = bits(1) | (bits(1) << 1);
  if (profile === 3) bits(1);
  // An old frame shown again, or one that isn't a key frame, says nothing.
  if (bits(1) === 1 || bits(1) === 1) return undefined;
  bits(2);
  if (bits(24) !== VP9_SYNC) return undefined;
  const depth = profile >= 2 ? (bits(1) === 1 ? 12 : 10) : 8;
  const odd = (profile & 1) === 1;
  let chroma = 1;
  let range = 1;
  if (bits(3) !== RGB) {
    range = bits(1);
    if (odd) {
      const x = bits(1);
      const y = bits(1);
      chroma = x === 0 && y === 0 ? 3 : x === 1 && y === 0 ? 2 : 1;
      bits(1);
    }
  } else {
    chroma = 3;
    if (odd) bits(3);
  }
  return vp9Sets(profile, depth, chroma, range, bits(16) + 1);
}

/** Not the height: the server writes the width in its place. And where 4:2:0 has its chroma is not said in the stream. */
function vp9Sets(profile: number, depth: number, chroma: number, range: number, width: number): Buffer {
  return Buffer.from([profile, depth, Math.max(chroma, 1), range, width >> 8, width & 0xff]);
}
