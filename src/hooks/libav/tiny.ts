/**
 * What keeps a large picture from being lost before a tiny one. MPEG-TS can't say the length of a picture of more than
 * 65,535 bytes: it ends where the next begins. MediaMTX 1.20.1 loses it where that next one fits into a single TS
 * packet. So tiny pictures that follow are filled up until they need two.
 */
export type PaddedCodec = 'h264' | 'hevc';

/** Below 65,535: headers and parameter sets come on top. */
const LARGE = 60_000;
/** A TS packet has room for some 170 bytes of a picture. */
const TINY = 200;
const ENOUGH = 400;

export class TinyPictures {
  #afterLarge = false;

  /** Sees the pictures in order. @returns how many bytes this one lacks; 0: it can go as it is */
  lacks(bytes: number): number {
    if (bytes >= TINY) this.#afterLarge = bytes > LARGE;
    return this.#afterLarge && bytes < TINY ? ENOUGH - bytes : 0;
  }
}

const headers: Record<PaddedCodec, number[]> = {
  h264: [0, 0, 0, 1, 12],
  hevc: [0, 0, 0, 1, 38 << 1, 1],
};

/** A NAL unit of filler data, which decoders skip, as it stands behind a picture (Annex B). */
export function filler(codec: PaddedCodec, bytes: number): Buffer {
  const header = headers[codec];
  const unit = Buffer.alloc(Math.max(bytes, header.length + 2), 0xff);
  unit.set(header);
  unit[unit.length - 1] = 0x80;
  return unit;
}
