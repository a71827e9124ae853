/** Times of pictures by the wall clock: what comes late doesn't move them, what runs differently is followed. */
import t, { type Test } from 'tap';
import { Moments } from '../../src/snapshots/moments.ts';

const START = 1_800_000_000;
const near = (t: Test, is: number | undefined, wanted: number, within: number, what: string) =>
  t.ok(Math.abs(is! - wanted) <= within, `${what}: ${is! - wanted}`);

t.test('the earliest arrival tells', async (t) => {
  const moments = new Moments();
  t.equal(moments.of(1), undefined);
  for (const [dts, late] of [
    [0, 0.3],
    [0.04, 0.002],
    [0.08, 0.9],
  ] as const) {
    moments.arrived(dts, START + dts + late);
  }
  near(t, moments.of(0), START, 0.0021, 'the first, though it came late');
  near(t, moments.of(10), START + 10, 0.0021, 'a later one');
});

t.test('a clock that is slower than ours by 100 ppm is followed for a day', async (t) => {
  const moments = new Moments();
  for (let second = 0; second < 86_400; second++) moments.arrived(second, START + second * 1.0001);
  near(t, moments.of(86_399), START + 86_399 * 1.0001, 0.013, 'a day later');
});

t.test('our clock is set: at once', async (t) => {
  for (const step of [3600, -3600]) {
    const moments = new Moments();
    moments.arrived(0, START);
    moments.arrived(1, START + 1 + step);
    near(t, moments.of(1), START + 1 + step, 0.001, `${step} s`);
  }
});
