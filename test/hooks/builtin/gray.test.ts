import t from 'tap';
import gray from '../../../src/hooks/builtin/gray.ts';
import { frameOf, row, started } from './support.ts';

t.test('colours go, brightness stays', async (t) => {
  const process = await started(gray);
  const frame = frameOf('yuv420p', 6, 4, { fill: (x) => x });
  t.equal(await process(frame), undefined);
  t.same(row(frame.planes[0]!, 3), [0, 1, 2, 3, 4, 5]);
  t.same(row(frame.planes[1]!, 1), [128, 128, 128]);
  t.same(row(frame.planes[2]!, 0), [128, 128, 128]);
});

t.test('grey frames stay, others are refused', async (t) => {
  const process = await started(gray);
  const frame = frameOf('gray8', 2, 2);
  t.match(await process(frame), { format: 'gray8', width: 2, planes: [{ data: [80, 80, 80, 80] }] });
  await t.rejects(process(frameOf('rgb24', 2, 2)), /works on yuv420p, not on rgb24/);
});
