/** Snapshots of a running route: of the publisher only, under the time of their picture, each so often. */
import { copyFileSync, existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { numberIn } from './support/clip-files.ts';
import { clip } from './support/clips.ts';
import { type Life, startReturning, timeOf } from './support/frame-times.ts';
import { type Scope, scope, until } from './support/process.ts';
import { startRelay } from './support/relay.ts';

const FPS = 25;
const GOP = 2;

interface Shot {
  name: string;
  /** As its name says. */
  at: number;
  counter: number | null;
}

const names = (dir: string): string[] =>
  existsSync(dir)
    ? readdirSync(dir)
        .filter((name) => /^\d+\.\d{3}\.jpg$/.test(name))
        .sort()
    : [];

async function shotsIn(s: Scope, dir: string): Promise<Shot[]> {
  const shots: Shot[] = [];
  for (const name of names(dir)) {
    shots.push({ name, at: Number.parseFloat(name), counter: await numberIn(s, join(dir, name)) });
  }
  return shots;
}

/** Seconds from a picture's time to its name. */
function errorOf({ at, counter }: Shot, lives: Life[], loop: number): number {
  const errors = lives.map((life) => at - timeOf(life, counter!, at, loop, FPS));
  return errors.reduce(
    (best, error) => (Math.abs(error) < Math.abs(best) ? error : best),
    Number.POSITIVE_INFINITY,
  );
}

function judge(t: Test, what: string, shots: Shot[], lives: Life[], loop: number): void {
  const foreign = shots.filter(({ counter }) => counter === null).map(({ name }) => name);
  t.same(foreign, [], `${what}: pictures of the publisher only`);
  const errors = shots.filter(({ counter }) => counter !== null).map((shot) => errorOf(shot, lives, loop));
  const worst = Math.max(...errors.map(Math.abs));
  const all = errors.map((error) => (error * 1000).toFixed(0)).join(' ');
  t.comment(`${what}: names after their pictures by ${all} ms`);
  t.ok(worst <= 0.1, `${what}: ${shots.length} pictures, ${(worst * 1000).toFixed(0)} ms off at worst`);
}

t.test('each so often, under its time, and never the slate', async (t) => {
  const s = scope(t);
  const made = await clip({ seconds: 60, gop: GOP, audio: 'none' });
  const dir = (name: string) => join(s.dir, name);
  const file = join(s.dir, 'cam.mp4');
  copyFileSync(made.file, file);
  const snapshots = (name: string, every: unknown, more = {}) => ({
    snapshots: { dir: dir(name), every, ...more },
  });
  const relay = await startRelay(s, {
    sources: { cam: { file, loop: true } },
    routes: {
      cam: {
        from: 'cam',
        to: [
          'cam',
          snapshots('keys', 'keyframes'),
          snapshots('second', '1s', { size: '320x180', latest: 'now.jpg' }),
          snapshots('six', '6s'),
          snapshots('frames', { frames: 10 }),
        ],
      },
    },
  });
  await relay.online('cam');
  const reader = startReturning(s, relay.rtsp('cam'), made.frames, FPS);
  s.defer(() => reader.stop());
  const atLeast = (count: number) =>
    until(() => names(dir('keys')).length >= count, {
      timeout: 40_000,
      what: `${count} pictures of key frames`,
    });
  await atLeast(6);

  const steady = await shotsIn(s, dir('keys'));
  const steps = steady.slice(1).map(({ at }, index) => at - steady[index]!.at);
  t.ok(
    steps.every((step) => Math.abs(step - GOP) < 0.05),
    `a key frame each ${GOP} s: ${steps.map((step) => step.toFixed(3))}`,
  );

  // It ends, and what it read is not there for a while: the server shows its slate.
  renameSync(file, `${file}.away`);
  process.kill(await relay.pidOf('source:cam'), 'SIGTERM');
  await until(async () => !(await relay.path('cam')).online, { what: 'the publisher to be away' });
  const away = names(dir('second')).length;
  await until(async () => (await relay.unit('source:cam')).restarts >= 3, {
    what: 'some tries',
    timeout: 20_000,
  });
  t.ok(names(dir('second')).length <= away + 1, 'nothing is taken meanwhile');
  renameSync(`${file}.away`, file);
  await relay.online('cam', 30_000);
  await until(() => names(dir('second')).length >= away + 5, { timeout: 20_000, what: 'pictures again' });
  // And one that is back at once.
  process.kill(await relay.pidOf('source:cam'), 'SIGKILL');
  const now = names(dir('keys')).length;
  await atLeast(now + 3);
  await reader.stop();
  await relay.stop();

  const lives = reader.lives();
  for (const name of ['keys', 'second', 'six', 'frames']) {
    judge(t, name, await shotsIn(s, dir(name)), lives, made.frames);
  }
  const counters = (await shotsIn(s, dir('keys'))).map(({ counter }) => counter! % (GOP * FPS));
  t.same(new Set(counters), new Set([counters[0]]), 'key frames only');
  t.ok(names(dir('six')).length >= 3 && names(dir('six')).length < names(dir('keys')).length);
  t.ok((await numberIn(s, join(dir('second'), 'now.jpg'))) !== null, 'the newest has its name');
  t.same(await sizeOf(s, join(dir('second'), 'now.jpg')), { width: 320, height: 180 });
  t.same(readdirSync(join(dir('keys'), '.relay', 'tmp')), [], 'no half file');
});

t.test('somebody publishes, goes and comes with another size', async (t) => {
  const s = scope(t);
  const dir = join(s.dir, 'shots');
  const relay = await startRelay(s, {
    sources: { cam: { publish: true } },
    routes: { cam: { from: 'cam', to: ['cam', { snapshots: { dir, every: 'keyframes' } }] } },
  });
  t.equal((await relay.unit('snapshots:cam')).state, 'running', 'to wait for a publisher is no fault');
  for (const size of ['640x360', '1280x720'] as const) {
    const made = await clip({ seconds: 60, gop: 1, size, audio: 'none' });
    const before = names(dir).length;
    const input = ['-nostdin', '-v', 'error', '-re', '-i', made.file, '-c', 'copy'];
    const publisher = s.spawn('ffmpeg', [
      ...input,
      '-f',
      'rtsp',
      '-rtsp_transport',
      'tcp',
      relay.rtsp('cam'),
    ]);
    await until(() => names(dir).length >= before + 3, { timeout: 20_000, what: `pictures of ${size}` });
    await publisher.stop();
    await until(async () => !(await relay.path('cam')).online, { what: 'the publisher to be away' });
    for (const name of names(dir).slice(before)) {
      const { width, height } = await sizeOf(s, join(dir, name));
      t.equal(`${width}x${height}`, size);
      t.type(await numberIn(s, join(dir, name)), 'number');
    }
  }
  t.equal((await relay.unit('snapshots:cam')).restarts, 0, 'no failure was counted');
});

async function sizeOf(s: Scope, file: string): Promise<{ width: number; height: number }> {
  const child = s.spawn('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'stream=width,height',
    '-of',
    'json',
    file,
  ]);
  await child.exited;
  return JSON.parse(child.output()).streams[0];
}
