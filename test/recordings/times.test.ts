/** Moments as people type and read them. */
import t from 'tap';
import { length, readMoment, readSpan, utc } from '../../src/recordings/times.ts';

const NOW = 1_795_284_542.884_666;
const moment = (text: string): number => readMoment('from', text, NOW);

t.test('read', async (t) => {
  t.equal(moment('now'), NOW);
  t.equal(moment('-10m'), NOW - 600);
  t.equal(moment('-1.5s'), NOW - 1.5);
  t.equal(moment('1795284542.884'), 1_795_284_542.884);
  t.equal(moment('2026-11-21T18:09:02.884Z'), 1_795_284_542.884);
  t.equal(moment('2026-11-21 19:09+01:00'), 1_795_284_540);
  t.equal(moment('2026-11-21 18:09'), new Date(2026, 10, 21, 18, 9).getTime() / 1000, 'of the clock here');
  t.equal(moment('2026-11-21'), new Date(2026, 10, 21).getTime() / 1000);
  for (const text of ['', 'yesterday', '10m', '-10', '2026-13-40', '-1y', 'NaN'])
    t.throws(() => moment(text), { code: 'RELAY_USAGE' }, text);
  t.throws(() => readSpan({ from: 'now', to: '-1m' }, NOW), /--to .* must be after --from/);
  t.same(readSpan({}, NOW), {});
});

t.test('shown times find what they show', async (t) => {
  t.equal(utc(NOW), '2026-11-21T18:09:02.884Z');
  t.ok(moment(utc(NOW)) <= NOW);
  t.same([0.04, 12.34, 125, 90_000].map(length), ['0.040 s', '12.3 s', '2m05s', '25.0 h']);
});
