import fc from 'fast-check';
import t from 'tap';
import { Thinner } from '../../src/hooks/thin.ts';

const kept = (fps: number | undefined, times: number[]) => {
  const thinner = new Thinner(fps);
  return times.filter((pts) => thinner.keeps(pts));
};
const every = (step: number, count: number) => Array.from({ length: count }, (_, n) => n * step);

t.test('without a rate all stay', (t) => {
  t.equal(kept(undefined, every(1, 100)).length, 100);
  t.end();
});

t.test('50 to 25: every second', (t) => {
  t.same(kept(25, every(1800, 6)), [0, 3600, 7200]);
  t.end();
});

t.test('a source slower than the rate loses none', (t) => {
  t.equal(kept(25, every(6000, 50)).length, 50);
  t.end();
});

t.test('after a hole it goes on at once', (t) => {
  t.same(kept(25, [0, 900_000, 901_800, 903_600]), [0, 900_000, 903_600]);
  t.end();
});

t.test('property: jitter of less than a quarter of a step costs nothing and adds nothing', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -450, max: 450 }), { minLength: 250, maxLength: 250 }),
      (jitter) => {
        const times = jitter.map((by, n) => 10_000 + n * 3600 + by);
        return kept(25, times).length === 250 && kept(12.5, times).length === 125;
      },
    ),
  );
  t.pass();
  t.end();
});
