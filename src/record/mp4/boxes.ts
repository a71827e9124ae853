/** Boxes of ISO base media files (MP4), read and built in memory. Whatever claims to be longer than its parent ends the walk. */

export interface Box {
  type: string;
  /** Where its header begins, where its body begins, and where it ends: offsets into the buffer. */
  start: number;
  body: number;
  end: number;
}

/** Bytes that the longest header of a box has. */
export const LONGEST_HEADER = 16;

/**
 * The header of a box, of which no more than the header has to be there.
 * undefined: the header isn't whole, or its size can't be. A size of 0 (up to the end of the file) is given as Infinity.
 */
export function boxHeader(
  bytes: Buffer,
  at: number,
): { type: string; header: number; size: number } | undefined {
  if (at < 0 || at + 8 > bytes.length) return undefined;
  const type = bytes.toString('latin1', at + 4, at + 8);
  let size = bytes.readUInt32BE(at);
  let header = 8;
  if (size === 1) {
    if (at + LONGEST_HEADER > bytes.length) return undefined;
    size = Number(bytes.readBigUInt64BE(at + 8));
    header = LONGEST_HEADER;
  } else if (size === 0) size = Number.POSITIVE_INFINITY;
  return size < header || (size > Number.MAX_SAFE_INTEGER && size !== Number.POSITIVE_INFINITY)
    ? undefined
    : { type, header, size };
}

/** The boxes that lie side by side in a part of a buffer, as far as they are whole. */
export function* boxes(bytes: Buffer, from = 0, to = bytes.length): Generator<Box> {
  const end = Math.min(to, bytes.length);
  for (let at = from; at < end; ) {
    const head = boxHeader(bytes, at);
    if (head === undefined) return;
    const next = head.size === Number.POSITIVE_INFINITY ? end : at + head.size;
    if (next > end) return;
    yield { type: head.type, start: at, body: at + head.header, end: next };
    at = next;
  }
}

/** The first box of each type of the path, one inside the other. */
export function find(
  bytes: Buffer,
  within: { body: number; end: number },
  ...path: string[]
): Box | undefined {
  let place: { body: number; end: number } = within;
  let found: Box | undefined;
  for (const type of path) {
    found = undefined;
    for (const box of boxes(bytes, place.body, place.end))
      if (box.type === type) {
        found = box;
        break;
      }
    if (found === undefined) return undefined;
    place = found;
  }
  return found;
}

/** All of a buffer, as a place to look in. */
export function whole(bytes: Buffer): { body: number; end: number } {
  return { body: 0, end: bytes.length };
}

/** A new box around its body. */
export function box(type: string, ...body: readonly Buffer[]): Buffer {
  const length = body.reduce((sum, part) => sum + part.length, 8);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...body], length);
}

/** A box whose body begins with a version and flags. */
export function fullBox(type: string, version: number, flags: number, ...body: readonly Buffer[]): Buffer {
  return box(type, u32(((version << 24) | flags) >>> 0), ...body);
}

export function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

export function u32(...values: number[]): Buffer {
  return u32s(values);
}

/** The same of any number of values: a call has room for some ten thousand only. */
export function u32s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

export function u64(...values: (number | bigint)[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64BE(BigInt(value), index * 8);
  return bytes;
}
