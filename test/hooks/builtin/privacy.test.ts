import t from 'tap';
import privacy from '../../../src/hooks/builtin/privacy.ts';
import { frameOf, row, started } from './support.ts';

t.test('filled regions are masks, in shares of the picture or in pixels', async (t) => {
  const process = await started(privacy, {
    boxes: [
      { x: 0.75, y: 0.5, width: 0.5, height: 0.5 },
      { x: 0, y: 0, width: 20, height: 10 },
    ],
    polygons: [
      [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
    ],
    color: '#102030',
  });
  t.same(await process(frameOf('yuv420p', 80, 40)), {
    overlay: {
      masks: [
        {
          polygon: [
            [60, 20],
            [100, 20],
            [100, 40],
            [60, 40],
          ],
          color: '#102030',
        },
        {
          polygon: [
            [0, 0],
            [20, 0],
            [20, 10],
            [0, 10],
          ],
          color: '#102030',
        },
        {
          polygon: [
            [0, 0],
            [80, 0],
            [0, 40],
          ],
          color: '#102030',
        },
      ],
    },
  });
});

t.test('pixelated: each block that a region touches is one colour, in place', async (t) => {
  const process = await started(privacy, {
    boxes: [{ x: 5, y: 0, width: 4, height: 3 }],
    style: 'pixelate',
    blocks: 4,
  });
  // Sixteen rows in four blocks: blocks of 4.
  const frame = frameOf('yuv420p', 18, 16, { fill: (x, y) => x * 10 + y });
  const before = frame.copy();
  const stride = frame.planes[0]!.stride;
  t.equal(await process(frame), undefined);
  const rows = Array.from({ length: 16 }, (_, y) => row(frame.planes[0]!, y));
  for (const y of [0, 3]) {
    t.same(rows[y]!.slice(4, 12), [57, 57, 57, 57, 97, 97, 97, 97]);
    t.equal(rows[y]![3], 30 + y, 'beside it nothing changes');
    t.equal(rows[y]![12], 120 + y);
  }
  t.same(rows[4], [...before.planes[0]!.data.subarray(4 * stride, 4 * stride + 18)]);
  t.equal(frame.planes[0]!.data[18], 1, 'nothing behind the row is written');
});

t.test('blocks at the edges, and a picture that changes its size', async (t) => {
  const process = await started(privacy, {
    polygons: [
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ],
    ],
    style: 'pixelate',
    blocks: 2,
  });
  for (const [width, height] of [
    [21, 9],
    [7, 33],
  ] as const) {
    const frame = frameOf('yuv420p', width, height, { fill: (x, y) => (x + y) % 2 });
    await process(frame);
    const last = row(frame.planes[0]!, height - 1);
    t.equal(new Set(last.slice(0, 4)).size, 1);
    t.same(new Set(row(frame.planes[2]!, 0)), new Set([160]));
    t.equal(frame.planes[0]!.data[width], 1);
  }
});

t.test('what is wrong is named; nothing is guessed', async (t) => {
  const wrong = async (options: Record<string, unknown>, message: RegExp) =>
    t.rejects(started(privacy, options), message);
  await wrong({}, /options\.boxes or options\.polygons must name what to hide/);
  await wrong({ boxes: {} }, /options\.boxes must be a list/);
  await wrong({ boxes: [{ x: 0, y: 0, width: 1 }] }, /options\.boxes\[0\] must be \{ x, y, width, height \}/);
  await wrong({ boxes: [{ x: 0.5, y: 0, width: 40, height: 20 }] }, /options\.boxes\[0\] mixes/);
  await wrong(
    {
      polygons: [
        [
          [0, 0],
          [1, 1],
        ],
      ],
    },
    /options\.polygons\[0\] must be a list of at least three/,
  );
  await wrong(
    {
      polygons: [
        [
          [0, 0],
          [1, 1],
          [-1, 0],
        ],
      ],
    },
    /options\.polygons\[0\]/,
  );
  const boxes = [{ x: 0, y: 0, width: 1, height: 1 }];
  await wrong({ boxes, style: 'blur' }, /options\.style must be one of fill, pixelate/);
  await wrong({ boxes, color: 'red' }, /options\.color must be a colour like/);
  await wrong({ boxes, blocks: 1 }, /options\.blocks must be a number from 2 to 200/);
  await wrong({ boxes, block: 1 }, /options\.block is no option/);
  const process = await started(privacy, { boxes, style: 'pixelate' });
  await t.rejects(process(frameOf('rgb24', 4, 4)), /works on yuv420p, not on rgb24/);
});
