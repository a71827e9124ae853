import t from 'tap';
import { dataTrouble } from '../../src/observe/event-data.ts';

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

t.test('what fits', async (t) => {
  for (const data of [
    undefined,
    null,
    1,
    'text',
    [],
    { area: 0.5, box: [1, 2] },
    nested(60),
    'x'.repeat(16_000),
  ]) {
    t.equal(dataTrouble(data), undefined);
  }
});

t.test('what is too deep or too long', async (t) => {
  for (const depth of [70, 5000, 100_000]) t.match(dataTrouble(nested(depth)), /at most 64 levels deep/);
  t.match(dataTrouble({ text: 'x'.repeat(17_000) }), /at most 16 kB/);
});
