import fc from 'fast-check';
import t from 'tap';
import type { Overlay } from '../../../src/hooks/contract.ts';
import { yuvOf } from '../../../src/hooks/draw/canvas.ts';
import { drawOverlay } from '../../../src/hooks/draw/overlay.ts';
import { art, canvas, drawn } from './support.ts';

const rows = (picture: ReturnType<typeof canvas>, plane = 0): string => art(picture, plane, drawn).join('\n');

t.test('a box is an outline in its colour, scaled to the picture', async (t) => {
  const picture = canvas(40, 30);
  drawOverlay(picture, { boxes: [{ x: 2, y: 3, width: 10, height: 5, color: '#ff0000' }] }, 2, 2);
  const luma = art(picture, 0, drawn);
  t.equal(luma[5], '.'.repeat(40));
  t.equal(luma[6], `${'.'.repeat(4)}${'#'.repeat(20)}${'.'.repeat(16)}`);
  t.equal(luma[7], luma[6]);
  t.equal(luma[8], `${'.'.repeat(4)}##${'.'.repeat(16)}##${'.'.repeat(16)}`);
  t.equal(luma[15], luma[6]);
  t.equal(luma[16], luma[5]);
  const [y, u, v] = yuvOf('#ff0000', '#000000', 30);
  const { planes } = picture;
  t.same([planes[0]!.data[6 * 43 + 4], planes[1]!.data[3 * 23 + 2], planes[2]!.data[3 * 23 + 2]], [y, u, v]);
});

t.test('lines are thicker in larger pictures', async (t) => {
  for (const [height, line] of [
    [360, 2],
    [1080, 3],
    [2160, 6],
  ] as const) {
    const picture = canvas(40, height);
    drawOverlay(picture, { boxes: [{ x: 0, y: 0, width: 40, height }] }, 1, 1);
    const column = art(picture, 0, drawn).map((row) => row[20]);
    t.equal(column.indexOf('.'), line);
    t.equal(column.lastIndexOf('.'), height - line - 1);
  }
});

t.test(
  'the label of a box stands above it, inside it at the upper edge, and never leaves the picture',
  async (t) => {
    const top = (overlay: Overlay) => {
      const picture = canvas(60, 60);
      drawOverlay(picture, overlay, 1, 1);
      const luma = art(picture, 0, drawn);
      return luma.findIndex((row) => row.includes('#'));
    };
    const box = { x: 10, y: 30, width: 20, height: 20 };
    t.equal(top({ boxes: [box] }), 30);
    t.equal(top({ boxes: [{ ...box, label: 'a' }] }), 20, 'eleven rows that meet the box');
    t.equal(top({ boxes: [{ ...box, y: 4, label: 'a' }] }), 4);
    const corner = canvas(60, 60);
    drawOverlay(corner, { labels: [{ x: 59, y: 59, text: 'end', color: '#ffffff' }] }, 1, 1);
    const luma = art(corner, 0, drawn);
    const whole = `.${'#'.repeat(21)}.`;
    t.equal(luma[48]!.slice(-23), whole, 'all of it, at whole chroma samples');
    t.equal(luma[58]!.slice(-23), whole);
  },
);

t.test('masks lie below boxes, opaque unless they say otherwise', async (t) => {
  const polygon: [number, number][] = [
    [0, 0],
    [20, 0],
    [20, 20],
    [0, 20],
  ];
  const box = { x: 4, y: 4, width: 10, height: 10, color: '#ffffff' };
  const picture = canvas(20, 20);
  drawOverlay(picture, { masks: [{ polygon }], boxes: [box] }, 1, 1);
  t.equal(picture.planes[0]!.data[0], 16);
  t.equal(picture.planes[0]!.data[4 * 23 + 4], 235);
  const half = canvas(20, 20);
  drawOverlay(half, { masks: [{ polygon, opacity: 0.5, color: '#ffffff' }] }, 1, 1);
  t.equal(half.planes[0]!.data[0], (77 + 235) / 2);
  const clear = canvas(20, 20);
  drawOverlay(clear, { masks: [{ polygon, opacity: 0 }] }, 1, 1);
  t.notMatch(rows(clear), '#');
});

t.test('what lies outside or makes no sense is left out', async (t) => {
  const hostile = {
    boxes: [
      { x: 100, y: 0, width: 5, height: 5, label: 'outside' },
      { x: -50, y: 0, width: 5, height: 5, label: 'outside' },
      { x: Number.NaN, y: 0, width: 5, height: 5, label: 'none' },
      { x: 0, y: 0, width: -5, height: 5, label: 'negative' },
      { x: '0', y: {}, width: [], height: null },
      null,
      7,
    ],
    labels: [{ x: 3, y: 3, text: 12 }, { x: -1, y: 3, text: 'outside' }, { text: 'nowhere' }, undefined],
    masks: [{ polygon: 'x' }, { polygon: [null, [1], [1, 2]] }, {}],
  } as unknown as Overlay;
  const picture = canvas(40, 40);
  drawOverlay(picture, hostile, 1, 1);
  drawOverlay(picture, { boxes: 5, labels: {}, masks: 'no' } as unknown as Overlay, 1, 1);
  t.notMatch(rows(picture), '#');
});

t.test('never writes outside, whatever it is told', async (t) => {
  const number = fc.oneof(
    fc.double({ min: -200, max: 200, noNaN: true }),
    fc.double(),
    fc.integer({ min: -100, max: 100 }),
    fc.constantFrom(0, -0, 1e300, -1e300, Number.MAX_SAFE_INTEGER),
  );
  const color = fc.option(fc.constantFrom('#ff0000', '#000000', 'nonsense'), { nil: undefined });
  const text = fc.string({ unit: 'binary', maxLength: 30 });
  const overlay = fc.record({
    boxes: fc.array(fc.record({ x: number, y: number, width: number, height: number, label: text, color })),
    labels: fc.array(fc.record({ x: number, y: number, text, color })),
    masks: fc.array(
      fc.record({ polygon: fc.array(fc.tuple(number, number), { maxLength: 9 }), color, opacity: number }),
    ),
  });
  const size = fc.integer({ min: 1, max: 90 });
  fc.assert(
    fc.property(overlay, size, size, number, number, (overlay, width, height, scaleX, scaleY) => {
      const picture = canvas(width, height);
      drawOverlay(picture, overlay as Overlay, scaleX, scaleY);
      return picture.intact();
    }),
    { numRuns: 500 },
  );
  t.pass('500 overlays');
});
