import { AV_PIX_FMT_YUV420P, AVCOL_SPC_BT709 } from 'node-av/constants';
import { Frame } from 'node-av/lib';
import t from 'tap';
import type { Picture } from '../../../src/hooks/contract.ts';
import { LibavPicture, type PictureTools } from '../../../src/hooks/libav/picture.ts';
import { Scaler } from '../../../src/hooks/libav/scale.ts';

const drawn: unknown[] = [];
const tools = (): PictureTools => ({
  scaler: new Scaler(),
  draw: (picture, _overlay, x, y) => {
    drawn.push([picture.planes.length, x, y]);
    picture.planes[0]?.data.fill(255);
  },
});

function picture(shared: PictureTools, luma: number, pts = 90_000n): LibavPicture {
  const frame = new Frame();
  frame.alloc();
  frame.width = 64;
  frame.height = 36;
  frame.format = AV_PIX_FMT_YUV420P;
  frame.colorSpace = AVCOL_SPC_BT709;
  frame.allocBuffer();
  for (const [index, plane] of (frame.data ?? []).entries()) plane.fill(index === 0 ? luma : 128);
  return new LibavPicture(shared, frame, { sequence: 3, pts, wallClock: 1, decodedAt: 2, keyFrame: true });
}

const gray = (one: LibavPicture) => one.show('gray8', undefined).planes[0]?.data[0];

t.test('show: its own memory where nothing differs', (t) => {
  const one = picture(tools(), 100);
  const shown = one.show('yuv420p', undefined);
  t.equal(one.show('yuv420p', { width: 64, height: 36 }), shown, 'the same object');
  t.same(
    shown.planes.map(({ width, height }) => [width, height]),
    [
      [64, 36],
      [32, 18],
      [32, 18],
    ],
  );
  t.same([shown.timestamp, shown.sequence, shown.keyFrame], [1_000_000, 3, true]);
  if (shown.planes[0]) shown.planes[0].data[0] = 7;
  t.equal(gray(one), 7, 'gray is its first plane');
  one.free();
  t.throws(() => one.show('yuv420p', undefined), /freed/);
  t.end();
});

t.test('show: other formats and sizes', (t) => {
  const one = picture(tools(), 126);
  for (const [format, bytes] of [
    ['rgb24', 3],
    ['bgr24', 3],
    ['rgba', 4],
  ] as const) {
    const { planes, width, height } = one.show(format, { width: 32, height: 18 });
    t.same([width, height, planes.length], [32, 18, 1], format);
    t.ok(Math.abs((planes[0]?.data[17 * (planes[0]?.stride ?? 0) + 31 * bytes] ?? 0) - 128) <= 2);
  }
  t.equal(one.show('nv12', undefined).planes[1]?.data[0], 128);
  t.equal(one.show('gray8', { width: 16, height: 9 }).planes[0]?.data.length !== undefined, true);
  one.free();
  t.end();
});

t.test('replace: other pixels, in any format and size', (t) => {
  const shared = tools();
  const one = picture(shared, 100);
  const kept = one.keep() as LibavPicture;
  const planes = [
    { data: new Uint8Array(70 * 36).fill(50), stride: 70 },
    { data: new Uint8Array(32 * 18).fill(90), stride: 32 },
    { data: new Uint8Array(32 * 18).fill(91), stride: 32 },
  ];
  one.replace({ format: 'yuv420p', width: 64, height: 36, planes });
  t.same(
    one.show('yuv420p', undefined).planes.map(({ data }) => data[5]),
    [50, 90, 91],
  );
  t.equal(gray(kept), 100, 'what was kept is as it was');
  const rgb: Picture = {
    ...{ format: 'rgb24', width: 32, height: 18 },
    planes: [{ data: new Uint8Array(32 * 3 * 18).fill(255), stride: 96 }],
  };
  one.replace(rgb);
  t.same([one.width, one.height], [64, 36]);
  t.ok((gray(one) ?? 0) >= 234, 'white');
  one.free();
  kept.free();
  t.end();
});

t.test('replace: a picture that is smaller than it says is refused', (t) => {
  const one = picture(tools(), 100);
  const planes = [{ data: new Uint8Array(10), stride: 96 }];
  t.throws(() => one.replace({ format: 'rgb24', width: 32, height: 18, planes }), RangeError);
  const narrow = [{ data: new Uint8Array(10_000), stride: 95 }];
  t.throws(() => one.replace({ format: 'rgb24', width: 32, height: 18, planes: narrow }), RangeError);
  t.throws(() => one.replace({ format: 'nv12', width: 32, height: 18, planes: narrow }), RangeError);
  t.equal(gray(one), 100);
  one.free();
  t.end();
});

t.test('draw: on this picture only', (t) => {
  const one = picture(tools(), 100);
  const kept = one.keep() as LibavPicture;
  one.draw({ boxes: [] }, { width: 32, height: 12 });
  t.same(drawn, [[3, 2, 3]]);
  t.same([gray(one), gray(kept)], [255, 100]);
  const later = kept.at(picture(tools(), 1, 180_000n)) as LibavPicture;
  t.same([later.pts, gray(later)], [180_000n, 100]);
  for (const each of [one, kept, later]) each.free();
  t.end();
});
