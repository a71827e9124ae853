import t from 'tap';
import { summary } from '../../../src/hooks/offline/times.ts';

t.test('mean, percentiles, share', async (t) => {
  const hook = Array.from({ length: 100 }, (_, at) => 99 - at);
  const {
    decode,
    convert,
    hook: times,
    encode,
  } = summary({ decode: [25, 25], convert: [], hook, encode: [0] });
  t.same(times, { mean: 49.5, p50: 50, p99: 99, share: 0.99 });
  t.same(decode, { mean: 25, p50: 25, p99: 25, share: 0.01 });
  t.same(convert, { mean: 0, p50: 0, p99: 0, share: 0 });
  t.same(encode, { mean: 0, p50: 0, p99: 0, share: 0 });
});

t.test('nothing measured', async (t) => {
  t.same(summary({ decode: [], convert: [], hook: [], encode: [] }).hook, {
    mean: 0,
    p50: 0,
    p99: 0,
    share: 0,
  });
});
