/**
 * The number of a frame as a row of 16 black and white blocks: a white block as a marker, a parity bit,
 * then 14 bits, highest first. Pictures that are not of our clips (the slate that a media server shows
 * while a publisher is away, a grey frame after loss) fail the check and have no number.
 */
const BITS = 14;
const WHITE = 235;
const BLACK = 16;
const LIGHT = 150;
const DARK = 100;

/** Numbers start again here. */
export const COUNTER_MODULO = 2 ** BITS;

function parityOf(value: number): number {
  let rest = value;
  let parity = 0;
  for (; rest > 0; rest >>= 1) parity ^= rest & 1;
  return parity;
}

/** 16 gray pixels. */
export function counterRow(frame: number): Buffer {
  const value = frame % COUNTER_MODULO;
  const row = Buffer.alloc(16, BLACK);
  row[0] = WHITE;
  if (parityOf(value) === 1) row[1] = WHITE;
  for (let bit = 0; bit < BITS; bit += 1) {
    if ((value >> bit) & 1) row[15 - bit] = WHITE;
  }
  return row;
}

/** The number in a row of 16 gray pixels; null: not a picture of ours. */
export function readCounterRow(row: Uint8Array): number | null {
  let value = 0;
  for (const [index, pixel] of row.entries()) {
    if (pixel > DARK && pixel < LIGHT) return null;
    if (index >= 2) value = (value << 1) | (pixel >= LIGHT ? 1 : 0);
  }
  if ((row[0] ?? 0) < LIGHT) return null;
  return parityOf(value) === ((row[1] ?? 0) >= LIGHT ? 1 : 0) ? value : null;
}
