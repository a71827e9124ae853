import t from 'tap';
import { OffsetMeter, Samples } from '../../src/hooks/meter.ts';

t.test('percentiles are those of the last ten seconds', (t) => {
  const samples = new Samples();
  t.same(samples.percentiles(0), { p50: 0, p99: 0 });
  for (let n = 0; n < 100; n++) samples.add(1000, n);
  for (let n = 1; n <= 100; n++) samples.add(n, 20_000 + n);
  t.same(samples.percentiles(20_100), { p50: 51, p99: 100 });
  t.same(samples.percentiles(40_000), { p50: 0, p99: 0 });
  t.end();
});

t.test('more than it holds: the newest count', (t) => {
  const samples = new Samples();
  for (let n = 0; n < 5000; n++) samples.add(n < 3500 ? 9 : 1, n);
  t.same(samples.percentiles(5000), { p50: 1, p99: 1 });
  t.end();
});

t.test('the rate of a young stream is not that of ten seconds', (t) => {
  const samples = new Samples();
  for (let n = 0; n < 50; n++) samples.add(1, 1000 + n * 40);
  t.equal(samples.rate(3000, 1000), 25);
  t.end();
});

t.test('offset: how much further sound was moved than picture', (t) => {
  const meter = new OffsetMeter();
  meter.read('picture', 1000, 91_000);
  t.equal(meter.offset, 0, 'nothing is known yet');
  meter.read('sound', 1500, 91_500);
  meter.written('picture', 91_000);
  meter.written('sound', 91_500);
  t.equal(meter.offset, 0);
  meter.read('sound', 3000, 93_900);
  meter.written('sound', 93_900);
  t.equal(meter.offset, 10);
  meter.written('sound', 12_345);
  t.equal(meter.offset, 10, 'a packet that nobody read says nothing');
  t.end();
});
