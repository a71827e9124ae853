import t from 'tap';
import { KeyGrid } from '../../../src/hooks/libav/key-grid.ts';

const SECOND = 90_000;

/** Which of these pictures are key frames, by their times in seconds from the first. */
function keys(grid: KeyGrid, times: number[]): number[] {
  return times.filter((time) => grid.isKey(Math.round(time * SECOND)));
}

const pictures = (count: number, from = 0, rate = 25) =>
  Array.from({ length: count }, (_, at) => from + at / rate);

t.test('the grid begins with the first picture and does not drift, for hours', async (t) => {
  const grid = new KeyGrid((5 / 3) * SECOND, SECOND / 25);
  const found = keys(grid, pictures(25 * 3600 * 2, 1000.52));
  t.equal(found.length, (2 * 3600) / (5 / 3));
  const cuts = found.filter((_, index) => index % 3 === 0);
  t.ok(cuts.every((time, index) => Math.abs(time - 1000.52 - index * 5) < 1e-6));
});

t.test('a picture a little early takes its place', async (t) => {
  const grid = new KeyGrid(SECOND, SECOND / 25);
  t.strictSame(keys(grid, [0, 0.5, 0.985, 1.025, 1.979, 2.019, 3.01]), [0, 0.985, 2.019, 3.01]);
});

t.test('a hole makes no burst, and the places after it stay', async (t) => {
  const grid = new KeyGrid(SECOND, SECOND / 25);
  t.strictSame(keys(grid, [0, 1, 5.4, 5.44, 6, 6.04, 7]), [0, 1, 5.4, 6, 7]);
});

t.test('who begins to read begins with a key frame, and a new grid begins there', async (t) => {
  const grid = new KeyGrid(SECOND, SECOND / 25);
  t.strictSame(keys(grid, [0, 0.4]), [0]);
  grid.restart();
  grid.restart();
  t.strictSame(keys(grid, [0.44, 1, 1.4, 1.44, 2.44]), [0.44, 1.44, 2.44]);
});

t.test('fewer pictures than key frames: each is one', async (t) => {
  t.strictSame(keys(new KeyGrid(SECOND / 10, SECOND), [0, 1, 2]), [0, 1, 2]);
});
