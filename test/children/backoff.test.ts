import t from 'tap';
import { restartDelay } from '../../src/children/backoff.ts';

t.test('at once, then half a second, then a second and a half', async (t) => {
  t.equal(restartDelay(0, 0, 0.5), 0);
  t.equal(restartDelay(1, 0.1, 0.5), 500);
  t.equal(restartDelay(2, 1, 0.5), 1500);
  for (const random of [0, 1]) t.ok(restartDelay(9, 59, random) < 2000);
});

t.test('after a minute it doubles, up to half a minute', async (t) => {
  let trouble = 60;
  const delays: number[] = [];
  while (delays.length < 8) {
    const delay = restartDelay(50, trouble, 0.5) / 1000;
    delays.push(Math.round(delay));
    trouble += delay;
  }
  t.strictSame(delays, [2, 2, 4, 8, 16, 30, 30, 30]);
});

t.test('with jitter, and never beyond it', async (t) => {
  t.equal(Math.round(restartDelay(50, 1e6, 0)), 24_000);
  t.equal(Math.round(restartDelay(50, 1e6, 1)), 36_000);
});

t.test('a source that refuses for 5 minutes is asked at most 80 times', async (t) => {
  let trouble = 0;
  let times = 0;
  while (trouble < 300) trouble += restartDelay(times++, trouble, 0.5) / 1000;
  t.ok(times < 80, `${times}`);
});

t.test('after a time of health the first restart comes at once, however old the trouble is', async (t) => {
  t.equal(restartDelay(0, 1000, 0.5), 0);
});
