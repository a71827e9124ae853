import t from 'tap';
import { Breaker } from '../../../src/hooks/stage/breaker.ts';

t.test('opens after five failures in a row within ten seconds', async (t) => {
  const breaker = new Breaker();
  t.strictSame(
    [0, 1, 2, 3, 4].map((second) => breaker.failed(second * 1000)),
    [false, false, false, false, true],
  );
  t.notOk(breaker.allows(4999));
  t.ok(breaker.allows(5000));
});

t.test('stays closed when they are rare, or not in a row', async (t) => {
  const rare = new Breaker();
  t.notOk([0, 3, 6, 9, 12, 15].some((second) => rare.failed(second * 1000)));
  const broken = new Breaker();
  for (let time = 0; time < 20; time++) {
    t.notOk(broken.failed(time));
    if (time % 4 === 3) t.notOk(broken.answered(), 'was not open');
  }
});

t.test('tries one after a pause that grows to five seconds, and closes when it is answered', async (t) => {
  const breaker = new Breaker();
  for (let n = 0; n < 5; n++) breaker.failed(0);
  const tries: number[] = [];
  for (let now = 0; now < 25_000; now += 100) {
    if (!breaker.allows(now)) continue;
    tries.push(now);
    breaker.asked(now);
    breaker.failed(now);
  }
  t.strictSame(tries, [1000, 3000, 7000, 12_000, 17_000, 22_000]);
  t.ok(breaker.answered());
  t.notOk(breaker.open);
  t.ok(breaker.allows(22_001));
  for (let n = 0; n < 5; n++) breaker.failed(30_000);
  t.ok(breaker.allows(31_000), 'the pause begins small again');
});
