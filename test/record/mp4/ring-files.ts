/** Small files as the server's recorder writes them, made of made-up packets. */
import { box, fullBox, u16, u32, u64 } from '../../../src/record/mp4/boxes.ts';
import type { Sample } from '../../../src/record/types.ts';

export const SCALE = 90_000;
export const SOUND_SCALE = 48_000;
export const VIDEO = 1;
export const SOUND = 2;

const SPS = Buffer.from('6764001facb402802dd80880', 'hex');
const PPS = Buffer.from('68ee3cb0', 'hex');

export interface Packet {
  duration: number;
  bytes: Buffer;
  key?: boolean;
  shift?: number;
}

/** By track: decode time in the file, and packets that follow each other. */
export type PartOf = Record<number, { at: number; packets: Packet[] }>;

export interface FileOf {
  run?: string;
  number?: number;
  dts?: bigint;
  ntp?: bigint;
  /** Milliseconds. */
  duration?: number;
  /** Without: a file of somebody else. */
  mtxi?: boolean;
  sps?: Buffer;
}

export function sized(...units: Buffer[]): Buffer {
  return Buffer.concat(units.flatMap((unit) => [u32(unit.length), unit]));
}

/** `length` bytes that differ from packet to packet. */
export function filler(seed: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (seed * 31 + index * 7 + (index >> 8)) & 0xff));
}

export function keyFrame(seed: number, length = 2000, sps: Buffer = SPS, pps: Buffer = PPS): Packet {
  return {
    duration: 3600,
    key: true,
    bytes: sized(sps, pps, Buffer.concat([Buffer.of(0x65), filler(seed, length)])),
  };
}

export function frame(seed: number, length = 300): Packet {
  return { duration: 3600, bytes: sized(Buffer.concat([Buffer.of(0x41), filler(seed, length)])) };
}

export function sound(seed: number): Packet {
  return { duration: 1024, key: true, bytes: filler(seed, 100) };
}

export function avcC(sps: Buffer = SPS, pps: Buffer = PPS): Buffer {
  return Buffer.concat([
    Buffer.of(1, sps[1]!, sps[2]!, sps[3]!, 0xff, 0xe1),
    u16(sps.length),
    sps,
    Buffer.of(1),
    u16(pps.length),
    pps,
  ]);
}

export function header(of: FileOf = {}): Buffer {
  const mvhd = fullBox(
    'mvhd',
    0,
    0,
    u32(0, 0, 1000, of.duration ?? 0, 0x10000),
    Buffer.alloc(72),
    u32(0xffffffff),
  );
  const trex = (id: number) => fullBox('trex', 0, 0, u32(id, 1, 0, 0, 0));
  const mtxi = fullBox(
    'mtxi',
    0,
    0,
    Buffer.from(of.run ?? 'aa'.repeat(16), 'hex'),
    u64(of.number ?? 0, BigInt.asUintN(64, of.dts ?? 0n), of.ntp ?? 0n),
  );
  return Buffer.concat([
    box('ftyp', Buffer.from('mp42\0\0\0\x01mp41mp42isomhlsf', 'latin1')),
    box(
      'moov',
      mvhd,
      trak(VIDEO, SCALE, 'vide', visual(box('avcC', avcC(of.sps)))),
      trak(SOUND, SOUND_SCALE, 'soun', audio(fullBox('esds', 0, 0, Buffer.of(3, 1, 2)))),
      box('mvex', trex(VIDEO), trex(SOUND)),
      ...(of.mtxi === false ? [] : [box('udta', mtxi)]),
    ),
  ]);
}

/** As one write of the server. */
export function part(of: PartOf): Buffer {
  const tracks = Object.entries(of);
  const build = (base: number): Buffer => {
    let offset = base;
    const trafs = tracks.map(([id, { at, packets }]) => {
      const samples = packets.map(({ duration, bytes, key, shift }) =>
        u32(duration, bytes.length, key ? 0 : 0x10000, (shift ?? 0) >>> 0),
      );
      const trun = fullBox('trun', 1, 0xf01, u32(packets.length, offset), ...samples);
      for (const packet of packets) offset += packet.bytes.length;
      return box('traf', fullBox('tfhd', 0, 0x20000, u32(Number(id))), fullBox('tfdt', 1, 0, u64(at)), trun);
    });
    return box('moof', fullBox('mfhd', 0, 0, u32(0)), ...trafs);
  };
  const moof = build(build(0).length + 8);
  return Buffer.concat([
    moof,
    box('mdat', ...tracks.flatMap(([, { packets }]) => packets.map((p) => p.bytes))),
  ]);
}

/** Half a second of picture and sound that begins at a tick of the file; with a key frame first. */
export function halfSecond(index: number): Buffer {
  const pictures = Array.from({ length: 12 }, (_, n) => (n === 0 ? keyFrame(index) : frame(index * 100 + n)));
  const sounds = Array.from({ length: 23 }, (_, n) => sound(index * 100 + n));
  return part({
    [VIDEO]: { at: index * 12 * 3600, packets: pictures },
    [SOUND]: { at: index * 23 * 1024, packets: sounds },
  });
}

export function of(track: number, samples: readonly Sample[]): Sample[] {
  return samples.filter((sample) => sample.track === track);
}

function visual(...inner: Buffer[]): Buffer {
  const body = Buffer.alloc(78);
  body.writeUInt16BE(1, 6);
  body.writeUInt16BE(1280, 24);
  body.writeUInt16BE(720, 26);
  return box('avc1', body, ...inner);
}

function audio(...inner: Buffer[]): Buffer {
  return box('mp4a', Buffer.alloc(28), ...inner);
}

function trak(id: number, scale: number, handler: string, entry: Buffer): Buffer {
  return box(
    'trak',
    fullBox('tkhd', 0, 3, u32(0, 0, id, 0, 0), Buffer.alloc(60)),
    box(
      'mdia',
      fullBox('mdhd', 0, 0, u32(0, 0, scale, 0, 0)),
      fullBox('hdlr', 0, 0, u32(0), Buffer.from(handler), Buffer.alloc(13)),
      box(
        'minf',
        box(
          'stbl',
          fullBox('stsd', 0, 0, u32(1), entry),
          ...['stts', 'stsc', 'stco'].map((type) => fullBox(type, 0, 0, u32(0))),
          fullBox('stsz', 0, 0, u32(0, 0)),
        ),
      ),
    ),
  );
}
