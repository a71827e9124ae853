/** Who publishes, and why somebody went: what the recorder is told. */
import t from 'tap';
import { Presence } from '../../src/units/presence.ts';
import { barsPath, barsUnit, ffmpegUnit, planOf, serverSpec } from './support.ts';

const record = { ring: '/rec/.relay/ring' };

async function watched() {
  const hook = { ...barsUnit('b'), kind: 'worker', hook: {}, video: {}, outputs: [] } as never;
  const units = [barsUnit('a'), hook, ffmpegUnit({ id: 'feed', feeds: ['b'] })];
  const plan = planOf(await serverSpec(), units, [
    barsPath('a', { record }),
    barsPath('b', { record }),
    barsPath('c'),
  ]);
  const sent: unknown[] = [];
  /** When the publisher came that the server has now. */
  const online = new Map<string, number>();
  let now = 1_000_000;
  const presence = new Presence({
    send: (command) => void sent.push(command),
    isOnline: (path, since) => (online.get(path) ?? -1) >= since,
    clock: () => now,
  });
  presence.set(plan);
  return {
    plan,
    presence,
    /** What was sent since the last call. */
    sent: () => sent.splice(0),
    come: (path: string) => online.set(path, now),
    go: (path: string) => online.delete(path),
    wait: (ms: number) => {
      now += ms;
    },
    unit: (id: string) => plan.units.find((unit) => unit.id === id)!,
  };
}

t.test('who comes and goes, of recorded paths only', async (t) => {
  const { presence, sent, come, go, wait } = await watched();
  come('a');
  come('c');
  presence.looked();
  presence.looked();
  t.strictSame(sent(), [{ type: 'path', path: 'a', online: true, at: 1000 }]);
  wait(500);
  go('a');
  presence.looked();
  t.strictSame(sent(), [{ type: 'path', path: 'a', online: false, at: 1000.5 }]);
});

t.test(
  'a publisher that ended is gone, though the server has not seen it, and one that follows is another',
  async (t) => {
    const { plan, presence, sent, come, wait, unit } = await watched();
    come('a');
    presence.looked();
    sent();
    wait(100);
    presence.ended(unit('a'), plan, 'killed by SIGKILL');
    t.strictSame(sent(), [
      { type: 'path', path: 'a', online: false, at: 1000.1, reason: 'killed by SIGKILL' },
    ]);
    wait(100);
    presence.looked();
    presence.ended(unit('a'), plan, 'told once');
    t.strictSame(sent(), [], 'what the server still shows is the dead one');
    come('a');
    presence.looked();
    t.strictSame(sent(), [{ type: 'path', path: 'a', online: true, at: 1000.2 }]);
  },
);

t.test(
  'a reason that comes a moment later is told; one that comes much later belongs to something else',
  async (t) => {
    const { plan, presence, sent, come, go, wait, unit } = await watched();
    come('a');
    presence.looked();
    go('a');
    presence.looked();
    sent();
    wait(200);
    presence.ended(unit('a'), plan, 'exit code 1');
    t.strictSame(sent(), [{ type: 'path', path: 'a', online: false, at: 1000, reason: 'exit code 1' }]);
    come('a');
    presence.looked();
    go('a');
    presence.looked();
    sent();
    wait(5000);
    presence.ended(unit('a'), plan, 'exit code 2');
    t.strictSame(sent(), []);
  },
);

t.test('a feed that ends silences its worker, which stays', async (t) => {
  const { plan, presence, sent, come, wait, unit } = await watched();
  come('b');
  presence.looked();
  sent();
  wait(100);
  presence.ended(unit('feed'), plan, 'no progress for 5 s');
  presence.looked();
  t.strictSame(sent(), [
    { type: 'path', path: 'b', online: false, at: 1000.1, reason: 'no progress for 5 s' },
  ]);
  wait(900);
  presence.began(unit('feed'), plan);
  presence.began(unit('feed'), plan);
  t.strictSame(sent(), [{ type: 'path', path: 'b', online: true, at: 1001 }]);
});

t.test('a server that goes needs no words; a recorder that starts is told what is', async (t) => {
  const { presence, sent, come, go, wait } = await watched();
  come('a');
  presence.looked();
  sent();
  wait(100);
  t.strictSame(presence.known(), [
    { type: 'path', path: 'a', online: true, at: 1000.1 },
    { type: 'path', path: 'b', online: false, at: 1000.1 },
  ]);
  presence.serverLost();
  go('a');
  presence.looked();
  t.strictSame(sent(), []);
  t.match(presence.known()[0], { path: 'a', online: false, at: 1000.1, reason: 'the media server' });
});
