/** A change of relay.yaml touches what it changes and nothing else; a broken file touches nothing. */
import { readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { GatewayStatus } from '../../src/observe/state.ts';
import { clip } from './support/clips.ts';
import { startGapMeter } from './support/gap-meter.ts';
import { aliveWith, argvOf } from './support/proc.ts';
import { freePorts, scope, until } from './support/process.ts';
import { type Relay, type RelayFile, startRelay, textOf } from './support/relay.ts';

t.test('one of twenty routes changes: the others lose no frame', async (t) => {
  const s = scope(t);
  const promo = await clip({ seconds: 60 });
  const other = await clip({ seconds: 30, size: '1280x720' });
  const names = Array.from({ length: 20 }, (_, index) => `route${index}`);
  const [changing, ...rest] = names as [string, ...string[]];
  const site = (source: object, route: object): RelayFile => ({
    sources: Object.fromEntries(
      names.map((name) => [name, name === changing ? source : { file: promo.file, loop: true }]),
    ),
    routes: Object.fromEntries(names.map((name) => [name, { from: name, ...(name === changing && route) }])),
  });
  const relay = await startRelay(s, site({ file: promo.file, loop: true }, {}), { timeout: 60_000 });
  const watched = rest.slice(0, 6);
  const meters = watched.map((name) => startGapMeter(s, relay.rtsp(name)));
  for (const meter of meters) await meter.footageAfter(0, 30_000);

  const processes = async (): Promise<Record<string, unknown>> => {
    const { units } = await relay.status();
    return Object.fromEntries(
      units
        .filter(({ id }) => id !== `source:${changing}`)
        .map(({ id, pid, restarts }) => [id, { pid, restarts }]),
    );
  };
  const bytes = async (): Promise<number[]> => {
    const { paths } = await relay.status();
    return paths.filter(({ name }) => name !== changing).map(({ bytesIn }) => bytesIn);
  };

  /** Makes a change and waits until the others had time to suffer from it. */
  const undisturbed = async (t: Test, what: string, change: () => Promise<unknown>): Promise<void> => {
    const [before, counted] = [await processes(), await bytes()];
    const at = performance.now();
    await change();
    const after = performance.now();
    for (const meter of meters) await meter.footageAfter(after + 1000);
    for (const [index, meter] of meters.entries()) {
      t.same(meter.lost(promo.frames, at), [], `${what}: ${watched[index]} loses no frame`);
      t.ok(meter.connected() && meter.slates() === 0, `${what}: the reader of ${watched[index]} stays`);
    }
    t.same(await processes(), before, `${what}: the processes of the others stay`);
    const grown = (await bytes()).filter((count, index) => count > counted[index]!);
    t.equal(grown.length, rest.length, `${what}: all the others flow`);
  };
  const changed = async (source: object, route: object): Promise<void> => {
    const pid = await relay.pidOf(`source:${changing}`);
    relay.write(site(source, route));
    await relay.reload();
    await relay.pidOf(`source:${changing}`, pid);
    await relay.online(changing);
  };

  await undisturbed(t, 'another clip', () => changed({ file: other.file, loop: true }, {}));
  await startGapMeter(s, relay.rtsp(changing)).footageAfter(0);
  await undisturbed(t, 'without sound', () => changed({ file: other.file, loop: true }, { audio: 'none' }));
  t.same((await relay.path(changing)).tracks, ['H264']);

  await undisturbed(t, 'a broken file', async () => {
    const good = readFileSync(relay.file, 'utf8');
    relay.write(good.replace('"routes"', '"rutes"'));
    await t.rejects(relay.reload(), /HTTP 422/);
    t.match((await relay.status()).configError, /relay\.yaml:\d+:\d+ error .*rutes/);
    t.same((await relay.path(changing)).online, true, 'the old plan runs on');
    relay.write(good);
    await relay.reload();
    t.equal((await relay.status()).configError, undefined, 'and is forgotten with the next good one');
  });
  await relay.stop();
  t.same(aliveWith(relay.marker), []);
});

/** A file without any process but the server's: only its routes are of interest. */
const open = (...names: string[]): RelayFile => ({
  sources: Object.fromEntries(names.map((name) => [name, { publish: true }])),
  routes: Object.fromEntries(names.map((name) => [name, name])),
});

const served = async (relay: Relay): Promise<string> =>
  (await relay.plan()).routes.map(({ name }) => name).join(' ');

const serves = (relay: Relay, names: string): Promise<unknown> =>
  until(async () => (await served(relay)) === names, { timeout: 20_000, what: `routes ${names}` });

t.test('--watch notices every way to save; SIGHUP needs no watch', async (t) => {
  const s = scope(t);
  const relay = await startRelay(s, open('first'), { args: ['--watch'], ready: false });
  await serves(relay, 'first');
  const text = (...names: string[]): string => textOf(open(...names), relay.ports);
  const dir = dirname(relay.file);

  writeFileSync(relay.file, text('in-place'));
  await serves(relay, 'in-place');
  relay.write(text('renamed'));
  await serves(relay, 'renamed');
  await rm(relay.file);
  writeFileSync(relay.file, text('removed-before'));
  await serves(relay, 'removed-before');

  // As in a Kubernetes volume: the file is a link into a folder that is a link.
  for (const version of ['one', 'two']) {
    await mkdir(join(dir, `..${version}`));
    writeFileSync(join(dir, `..${version}`, 'relay.yaml'), text(`link-${version}`));
  }
  const link = (target: string, name: string): void => {
    symlinkSync(target, join(dir, 'part'));
    renameSync(join(dir, 'part'), join(dir, name));
  };
  link('..one', '..data');
  link('..data/relay.yaml', 'relay.yaml');
  await serves(relay, 'link-one');
  link('..two', '..data');
  await serves(relay, 'link-two');

  writeFileSync(relay.file, 'routes: { a: ');
  await until(async () => /relay\.yaml:1:\d+ error/.test((await relay.status()).configError ?? ''), {
    what: 'the error of a half-written file',
  });
  t.equal(await served(relay), 'link-two', 'a half-written file changes nothing');
  t.pass('in place, by rename, removed and written, by symbolic links');

  await relay.stop();
  const unwatched = await startRelay(s, open('first'), { ready: false });
  await serves(unwatched, 'first');
  unwatched.write(open('second'));
  process.kill(unwatched.child().pid, 'SIGHUP');
  await serves(unwatched, 'second');
  t.pass('SIGHUP');
});

t.test('a save during the start is not missed', async (t) => {
  const s = scope(t);
  const relay = await startRelay(s, open('first'), { args: ['--watch', '--level', 'debug'], ready: false });
  const starting = /"unit":"server","msg":"starting"/;
  await until(async () => starting.test(relay.child().output()), { every: 5, what: 'the server to start' });
  relay.write(open('second'));
  await serves(relay, 'second');
  t.pass('it is served');
});

t.test('signals before the sources have answered', async (t) => {
  const s = scope(t);
  const [none] = await freePorts(1);
  const camera: RelayFile = {
    // It ends sooner without them, while the API would still wait.
    server: { rtmp: false, hls: false, webrtc: false },
    sources: { cam: `rtsp://127.0.0.1:${none}/none` },
    routes: { cam: 'cam' },
  };
  const started = async (): Promise<Relay> => {
    const relay = await startRelay(s, camera, { args: ['--level', 'debug'], ready: false });
    const refused = /"unit":"server","msg":"running".*refused/s;
    await until(async () => refused.test(relay.child().output()), { every: 5, what: 'the camera to refuse' });
    return relay;
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const relay = await started();
    process.kill(relay.child().pid, signal);
    t.same(await relay.child().exited, { code: 0, signal: null }, `${signal}: it ends in good order`);
    t.same(aliveWith(relay.marker), []);
  }
  const relay = await started();
  relay.write(open('second'));
  process.kill(relay.child().pid, 'SIGHUP');
  await serves(relay, 'second');
  t.pass('SIGHUP: it is served');
});

t.test('twenty saves in a second end in the last one', async (t) => {
  const s = scope(t);
  const { file } = await clip({ seconds: 60 });
  const site = (...names: string[]): RelayFile => ({
    sources: Object.fromEntries(names.map((name) => [name, { file, loop: true }])),
    routes: Object.fromEntries(names.map((name) => [name, name])),
  });
  const relay = await startRelay(s, site('steady', 'first'), { args: ['--watch'] });
  const meter = startGapMeter(s, relay.rtsp('steady'));
  await meter.footageAfter(0);
  const start = performance.now();
  for (let save = 1; save <= 20; save++) {
    if (save % 5 === 0) relay.write('routes: { half');
    else relay.write(site('steady', ...(save % 2 === 0 ? [`even${save}`] : ['odd', `odd${save}`])));
    await delay(50);
  }
  relay.write(site('steady', 'last', 'odd'));
  t.ok(performance.now() - start < 2000, 'a second, or a little more on a busy machine');

  const wanted = ['steady', 'last', 'odd'];
  const settled = (status: GatewayStatus): boolean =>
    status.ready &&
    status.configError === undefined &&
    status.paths.every(({ online }) => online) &&
    JSON.stringify(status.paths.map(({ name }) => name)) === JSON.stringify(wanted);
  const status = await until(
    async () => {
      const seen = await relay.status();
      return settled(seen) && seen;
    },
    { timeout: 30_000, what: 'the last file to be served' },
  );
  t.same(
    status.units.map(({ id }) => id).sort(),
    ['server', ...wanted.map((name) => `source:${name}`)].sort(),
  );
  const running = aliveWith(relay.marker).filter((pid) => argvOf(pid)[0]?.endsWith('ffmpeg'));
  t.same(
    running.sort(),
    status.units
      .filter(({ kind }) => kind === 'ffmpeg')
      .map(({ pid }) => pid)
      .sort(),
    'no process of a plan in between is left',
  );
  await meter.footageAfter(performance.now());
  t.same(meter.lost(1500, start), [], 'who is in all of them loses no frame');
});
