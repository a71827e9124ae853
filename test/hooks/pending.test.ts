import t from 'tap';
import { type PendingPacket, PendingPackets } from '../../src/hooks/pending.ts';

const frame = (n: number, key: boolean, bytes = 1000): PendingPacket => ({ dts: n * 3600, bytes, key });

function queue() {
  const dropped: number[] = [];
  return { dropped, pending: new PendingPackets<PendingPacket>(({ dts }) => dropped.push(dts / 3600)) };
}

t.test('it gives back what it took, in order', (t) => {
  const { pending, dropped } = queue();
  for (let n = 0; n < 50; n++) pending.push(frame(n, n === 0));
  t.same([pending.shift()?.dts, pending.shift()?.dts, pending.size], [0, 3600, 48]);
  t.same(dropped, []);
  t.end();
});

t.test('beyond 2.5 s the oldest go, up to a key frame', (t) => {
  const { pending, dropped } = queue();
  for (let n = 0; n < 64; n++) pending.push(frame(n, n % 25 === 0));
  t.equal(dropped.length, 25);
  t.same(pending.shift(), frame(25, true));
  t.end();
});

t.test('without a key frame all go, and what follows up to one', (t) => {
  const { pending, dropped } = queue();
  for (let n = 0; n < 80; n++) pending.push(frame(n, n === 0));
  t.same([dropped.length, pending.size], [80, 0]);
  pending.push(frame(80, true));
  pending.push(frame(81, false));
  t.same([dropped.length, pending.size], [80, 2]);
  t.end();
});

t.test('it is bounded in bytes', (t) => {
  const { pending, dropped } = queue();
  for (let n = 0; n < 20; n++) pending.push(frame(n, true, 1_000_000));
  t.same([dropped.length, pending.size], [4, 16]);
  pending.clear();
  t.same([dropped.length, pending.size], [20, 0]);
  t.end();
});
