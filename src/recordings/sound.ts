/** What a decoder of sound has to know, without what writers add: bit rates that each file measures anew. */
import type { TrackInit } from '../record/types.ts';

const STREAM = 3;
const DECODER = 4;
const SPECIFIC = 5;

/** The same for two files whose sound can be in one. */
export function soundConfig({ codec, config }: TrackInit): string {
  const plain = `${codec} ${config.toString('hex')}`;
  if (codec !== 'mp4a') return plain;
  // After version and flags: descriptors, one inside the other.
  const stream = descriptor(config, 4);
  if (stream?.tag !== STREAM) return plain;
  const decoder = descriptor(config, stream.body + 3);
  if (decoder?.tag !== DECODER) return plain;
  const specific = descriptor(config, decoder.body + 13);
  if (specific?.tag !== SPECIFIC) return plain;
  const kind = config[decoder.body];
  return `${codec} ${kind} ${config.toString('hex', specific.body, specific.body + specific.length)}`;
}

function descriptor(bytes: Buffer, at: number): { tag: number; body: number; length: number } | undefined {
  let length = 0;
  let body = at + 1;
  for (let more = true; more; body++) {
    const byte = bytes[body];
    if (byte === undefined || body > at + 4) return undefined;
    length = length * 128 + (byte & 0x7f);
    more = (byte & 0x80) !== 0;
  }
  return { tag: bytes[at]!, body, length };
}
