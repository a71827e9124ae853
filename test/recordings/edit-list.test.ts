/** Where a movie ends for those who play it. */
import t from 'tap';
import { box, find, fullBox, u32, u64, whole } from '../../src/record/mp4/boxes.ts';
import { shorten } from '../../src/recordings/edit-list.ts';

const wide = (bytes: Buffer, at: number, value: number) => bytes.writeBigUInt64BE(BigInt(value), at);
const narrow = (bytes: Buffer, at: number, value: number) => bytes.writeUInt32BE(value, at);

/** A movie of 10 s in ticks of 1000, whose edits say so much of each track. */
function movie(version: 0 | 1, edits: [ticks: number, media: number][]): Buffer {
  const wide = version === 1 ? u64 : u32;
  const mvhd = fullBox('mvhd', version, 0, wide(0, 0), u32(1000), wide(10_000));
  const tkhd = fullBox('tkhd', version, 0, wide(0, 0), u32(1, 0), wide(10_000));
  const entries = edits.map(([ticks, media]) => Buffer.concat([wide(ticks, media), u32(0x10000)]));
  const elst = fullBox('elst', version, 0, u32(edits.length), ...entries);
  return box('moov', mvhd, box('trak', tkhd, box('edts', elst)));
}

t.test('nothing is shown beyond', async (t) => {
  for (const version of [0, 1] as const) {
    const moov = movie(version, [
      [500, 0],
      [9000, 777],
    ]);
    shorten(moov, 4);
    t.same(moov, withLengths(version, 4000, [500, 3500]), `version ${version}`);
    const short = movie(version, [[2000, 0]]);
    shorten(short, 12);
    t.same(short, movie(version, [[2000, 0]]), 'what ends before stays');
  }
});

function withLengths(version: 0 | 1, length: number, [first, second]: [number, number]): Buffer {
  const moov = movie(version, [
    [first, 0],
    [second, 777],
  ]);
  const [at, write] = version === 1 ? [24, wide] : [16, narrow];
  const top = find(moov, whole(moov), 'moov')!;
  write(moov, find(moov, top, 'mvhd')!.body + at, length);
  write(moov, find(moov, top, 'trak', 'tkhd')!.body + at + 4, length);
  return moov;
}
