/** The real media server and the real ffmpeg. */
import t from 'tap';
import { alive, barsPath, barsUnit, children, planOf, serverSpec, until, Watched } from './support.ts';

t.setTimeout(120_000);

t.test('a route comes up, survives deaths of its parts, and leaves nothing', async (t) => {
  const watched = new Watched();
  t.teardown(() => watched.supervisor.stop());
  const names = ['one', 'two'];
  const server = await serverSpec();
  const plan = planOf(
    server,
    names.map((name) => barsUnit(name)),
    names.map((name) => barsPath(name)),
  );
  const changed = await watched.supervisor.apply(plan);
  t.strictSame(changed, ['server', 'one', 'two']);
  await watched.until('ready', () => watched.supervisor.status().ready);
  t.ok(watched.events.some((event) => event.type === 'ready'));
  t.ok(watched.supervisor.status().paths.every((path) => path.online && path.tracks.includes('H264')));
  await watched.until('figures', () => (watched.unit('one').figures.frames ?? 0) > 20);

  await t.test('kill -9 of an ffmpeg', async (t) => {
    const { pid } = watched.unit('one');
    const other = watched.unit('two').pid;
    const at = performance.now();
    process.kill(pid!, 'SIGKILL');
    await watched.until(
      'restarted',
      () => watched.unit('one').pid !== pid && watched.unit('one').state === 'running',
    );
    t.ok(performance.now() - at < 2500, `back after ${Math.round(performance.now() - at)} ms`);
    t.equal(watched.unit('one').lastExit?.class, 'signal');
    t.equal(watched.unit('one').restarts, 1);
    t.equal(watched.unit('two').pid, other, 'the other unit is untouched');
  });

  await t.test('SIGSTOP of an ffmpeg', async (t) => {
    await watched.until('progress', () => (watched.unit('two').figures.frames ?? 0) > 20);
    const { pid } = watched.unit('two');
    const at = performance.now();
    process.kill(pid!, 'SIGSTOP');
    await watched.until(
      'restarted',
      () => watched.unit('two').pid !== pid && watched.unit('two').state === 'running',
    );
    t.ok(performance.now() - at < 7000, `back after ${Math.round(performance.now() - at)} ms`);
    t.equal(watched.unit('two').lastExit?.class, 'stalled');
    t.notOk(alive(pid!));
  });

  await t.test('kill -9 of the server', async (t) => {
    const { pid } = watched.unit('server');
    const at = performance.now();
    process.kill(pid!, 'SIGKILL');
    await watched.until('not ready', () => !watched.supervisor.status().ready);
    await watched.until('all back', () => watched.supervisor.status().ready);
    t.ok(performance.now() - at < 4000, `back after ${Math.round(performance.now() - at)} ms`);
    t.ok(watched.supervisor.status().paths.every((path) => path.online));
  });

  await t.test('SIGSTOP of the server', async (t) => {
    const { pid } = watched.unit('server');
    const at = performance.now();
    process.kill(pid!, 'SIGSTOP');
    await watched.until('not ready', () => !watched.supervisor.status().ready);
    await watched.until('all back', () => watched.supervisor.status().ready);
    t.ok(performance.now() - at < 10_000, `back after ${Math.round(performance.now() - at)} ms`);
    t.equal(watched.unit('server').lastExit?.class, 'stalled');
  });

  await t.test('stop', async (t) => {
    const pids = watched.supervisor.status().units.map((unit) => unit.pid!);
    t.equal(pids.length, 3);
    const at = performance.now();
    await watched.supervisor.stop();
    t.ok(performance.now() - at < 5000, `stopped after ${Math.round(performance.now() - at)} ms`);
    t.notOk(pids.some(alive));
    t.strictSame(children(), []);
  });
});

t.test('a change touches only what it names', async (t) => {
  const watched = new Watched();
  t.teardown(() => watched.supervisor.stop());
  const server = await serverSpec();
  const plan = (names: string[], size: string) =>
    planOf(
      server,
      names.map((name) => {
        const unit = barsUnit(name);
        if (name !== 'b') return unit;
        const args = unit.args.map((arg) => (typeof arg === 'string' ? arg.replace('160x120', size) : arg));
        return { ...unit, args };
      }),
      names.map((name) => barsPath(name)),
    );
  await watched.supervisor.apply(plan(['a', 'b', 'c'], '160x120'));
  await watched.until('ready', () => watched.supervisor.status().ready);
  const a = watched.unit('a').pid;
  const c = watched.unit('c').pid;
  const b = watched.unit('b').pid;
  const serverPid = watched.unit('server').pid;

  t.strictSame(await watched.supervisor.apply(plan(['a', 'b', 'd'], '176x144')), ['c', 'd', 'b']);
  await watched.until('ready', () => watched.supervisor.status().ready);
  t.equal(watched.unit('a').pid, a);
  t.equal(watched.unit('a').restarts, 0);
  t.equal(watched.unit('server').pid, serverPid);
  t.not(watched.unit('b').pid, b);
  t.notOk(alive(c!));
  t.strictSame(
    watched.supervisor.status().paths.map((path) => [path.name, path.online]),
    [
      ['a', true],
      ['b', true],
      ['d', true],
    ],
  );
  t.strictSame(await watched.supervisor.apply(plan(['a', 'b', 'd'], '176x144')), []);

  const moved = { ...plan(['a', 'b', 'd'], '176x144'), server: await serverSpec() };
  t.strictSame(await watched.supervisor.apply(moved), ['server', 'a', 'b', 'd']);
  await watched.until('ready', () => watched.supervisor.status().ready);
  t.not(watched.unit('server').pid, serverPid);
  await watched.supervisor.stop();
  await until('nothing left', () => children().length === 0);
});
