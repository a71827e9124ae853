/** What ffmpeg hands out: pictures with their times, in chunks that end anywhere. */
import t from 'tap';
import { arrivalReader, type Picture, pictureReader } from '../../src/snapshots/pictures.ts';

const header = '#software: Lavf59\n#tb 0: 1/90000\n#media_type 0: video\n#codec_id 0: mjpeg\n';
const jpeg = (length: number, fill: number) =>
  Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(length - 4, fill), Buffer.from([0xff, 0xd9])]);
const line = (pts: number, size: number) =>
  `0, ${pts},     ${pts},     3600, ${size}, 0x7ef748bb, S=1,        8\n`;

t.test('each picture is whole, wherever the chunks end', async (t) => {
  // A picture may hold anything, also line ends and what looks like a line.
  const first = jpeg(500, 10);
  const second = Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    Buffer.from(line(1, 2)),
    Buffer.from([0xff, 0xd9]),
  ]);
  const all = Buffer.concat([
    ...[Buffer.from(header), Buffer.from(line(180_000, first.length)), first],
    ...[Buffer.from(line(225_000, second.length)), second],
  ]);
  for (const step of [1, 7, 100, all.length]) {
    const seen: Picture[] = [];
    const read = pictureReader((picture) => seen.push(picture));
    for (let at = 0; at < all.length; at += step) read(all.subarray(at, at + step));
    t.same(
      seen.map(({ pts }) => pts),
      [2, 2.5],
      `in steps of ${step}`,
    );
    t.ok(seen[0]?.jpeg.equals(first) && seen[1]?.jpeg.equals(second));
  }
});

t.test('what is no picture is not taken for one', async (t) => {
  const reader = () => pictureReader(() => t.fail('a picture'));
  t.throws(() => reader()(Buffer.from('something else\n')), /without its time/);
  t.throws(() => reader()(Buffer.alloc(5000, 65)), /without its time/, 'not even a line');
  t.throws(() => reader()(Buffer.from(line(1, 0))), /no length/);
  t.throws(() => reader()(Buffer.from(line(1, 1e9))), /no length/);
  t.throws(() => reader()(Buffer.concat([Buffer.from(line(1, 4)), Buffer.from('PNG!')])), /no JPEG/);
});

t.test('arrivals: in the ticks that the header names, without those that have no time', async (t) => {
  const seen: number[][] = [];
  const read = arrivalReader(
    () => 9,
    (dts, at) => seen.push([dts, at]),
  );
  for (const part of [
    '#tb 0: 1/1000\n#codec_id 0: vp9\n0, 100',
    '0,  1040,  40,  5, 0x0\n0, NOPTS, NOPTS, 40, 5, 0x0\n0, 2000,',
  ])
    read(part);
  t.same(seen, [[1, 9]]);
});

t.test('a packet that comes with the next one counts as the next one', async (t) => {
  const seen: number[][] = [];
  let now = 10;
  const read = arrivalReader(
    () => now,
    (dts, at) => seen.push([dts, at]),
  );
  read('#tb 0: 1/1\n#codec_id 0: h264\n');
  for (const dts of [1, 2, 6, 7]) {
    now = 10 + dts;
    read(`0, ${dts}, ${dts}, 1, 5, 0x0\n`);
  }
  t.same(seen, [
    [2, 11],
    [7, 16],
  ]);
});
