/** Supervision with fake programs: what is hard to make real ones do. */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { Media } from '../../src/media.ts';
import type { FfmpegUnit, ProbeUnit } from '../../src/plan/types.ts';
import { alive, ffmpegUnit, fixture, freePort, planOf, serverSpec, until, Watched } from './support.ts';

const binaries = { ffmpeg: fixture('progress.mjs'), ffprobe: 'ffprobe', server: fixture('answers.mjs') };

/** A running supervisor with one unit and nothing published, so that progress alone makes it ready. */
async function watch(
  unit: FfmpegUnit,
  options: ConstructorParameters<typeof Watched>[0] = {},
): Promise<Watched> {
  const watched = new Watched({ binaries, ...options });
  await watched.supervisor.apply(planOf(await serverSpec(), [unit]));
  return watched;
}

t.setTimeout(120_000);

t.test('progress makes ready and is shown', async (t) => {
  const watched = await watch(ffmpegUnit({ id: 'a' }));
  t.teardown(() => watched.supervisor.stop());
  await watched.untilState('a', 'running');
  await watched.until('frames', () => (watched.unit('a').figures.frames ?? 0) > 3);
  t.match(watched.unit('a').figures, { fps: 25, bitrate: 100_500, speed: 1 });
  t.ok(watched.supervisor.status().ready);
});

t.test('a stall is seen, told and mended', async (t) => {
  const watched = await watch(ffmpegUnit({ id: 'a', args: ['stall-after', '3', 'ignore-term'], stall: 1 }));
  t.teardown(() => watched.supervisor.stop());
  await watched.untilState('a', 'running');
  const { pid } = watched.unit('a');
  await watched.until(
    'restart',
    () => watched.unit('a').restarts === 1 && watched.unit('a').pid !== undefined,
  );
  t.match(watched.unit('a').lastExit, { class: 'stalled', reason: 'no progress for 1 s', signal: 'SIGKILL' });
  t.notOk(alive(pid!));
});

t.test('no stall is seen before the first progress, only the start limit', async (t) => {
  const unit = ffmpegUnit({ id: 'a', args: ['stall-after', '0'], stall: 0.3 });
  const watched = await watch(unit, { timing: { start: 1500 } });
  t.teardown(() => watched.supervisor.stop());
  await watched.until('restart', () => watched.unit('a').restarts === 1);
  t.equal(watched.unit('a').lastExit?.reason, 'no media within 1.5 s of its start');
});

t.test('a gateway that was suspended blames nobody', async (t) => {
  let asleep = 0;
  const watched = await watch(ffmpegUnit({ id: 'a', stall: 1 }), { now: () => performance.now() + asleep });
  t.teardown(() => watched.supervisor.stop());
  await watched.untilState('a', 'running');
  asleep = 3_600_000;
  const from = watched.unit('a').figures.frames ?? 0;
  await watched.until('it goes on', () => (watched.unit('a').figures.frames ?? 0) > from + 20);
  t.equal(watched.unit('a').restarts, 0);
});

t.test('a unit that ignores SIGTERM is killed', async (t) => {
  const watched = await watch(ffmpegUnit({ id: 'a', args: ['ignore-term'] }));
  t.teardown(() => watched.supervisor.stop());
  await watched.untilState('a', 'running');
  const { pid } = watched.unit('a');
  const at = performance.now();
  await watched.supervisor.stop();
  const took = performance.now() - at;
  t.ok(took > 2900 && took < 9000, `${took} ms`);
  t.notOk(alive(pid!));
});

t.test('a flood on stderr blocks nobody and fills no memory', async (t) => {
  const watched = await watch(ffmpegUnit({ id: 'a', args: ['flood'] }));
  t.teardown(() => watched.supervisor.stop());
  await watched.untilState('a', 'running');
  const before = process.memoryUsage().rss;
  const from = watched.unit('a').figures.frames ?? 0;
  await watched.until('it goes on', () => (watched.unit('a').figures.frames ?? 0) > from + 30);
  t.equal(watched.unit('a').restarts, 0);
  t.ok(process.memoryUsage().rss - before < 100e6, `${process.memoryUsage().rss - before}`);
  process.kill(watched.unit('a').pid!, 'SIGKILL');
  await watched.until('restart', () => watched.unit('a').restarts === 1);
  t.ok(watched.unit('a').lastExit!.stderr.length <= 20);
});

t.test('what a unit forked dies with it', async (t) => {
  const watched = await watch(ffmpegUnit({ id: 'a', args: ['fork'] }));
  t.teardown(() => watched.supervisor.stop());
  await watched.untilState('a', 'running');
  const { pid } = watched.unit('a');
  const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  await until('it forked', () => children() !== '');
  const child = Number(children());
  process.kill(pid!, 'SIGKILL');
  await until('its child is gone', () => !alive(child));
  t.pass();
});

t.test(
  'a failing unit is told with its cause, without secrets, and tried again at growing pauses',
  async (t) => {
    const doubts: string[] = [];
    const watched = await watch(ffmpegUnit({ id: 'a', source: 'cam' }), {
      binaries: { ...binaries, ffmpeg: fixture('refuses.sh') },
      onDoubt: (source) => doubts.push(source),
      random: () => 0.5,
    });
    t.teardown(() => watched.supervisor.stop());
    await watched.until(
      'third',
      () => watched.unit('a').restarts === 3 && watched.unit('a').state === 'waiting',
    );
    t.strictSame(doubts, ['cam']);
    t.match(watched.unit('a').lastExit, { class: 'auth', code: 1 });
    t.match(
      watched.unit('a').lastExit?.reason,
      /^rtsp:\/\/admin:\*{3}@192\.0\.2\.10\/stream1: Server returned 401/,
    );
    t.notMatch(JSON.stringify([watched.supervisor.status(), watched.events]), /hunter22/);
    const moves = watched.events.flatMap((event) =>
      event.type === 'unit' && event.unit === 'a' ? [{ state: event.state, at: event.at }] : [],
    );
    const starts = moves.filter(({ state }) => state === 'starting').map(({ at }) => at);
    const ended = moves.find(({ state }) => state === 'waiting');
    t.ok(starts[1]! - ended!.at < 200, 'the first restart comes at once');
    t.ok(starts[2]! - starts[1]! > 450, 'the second after half a second');
    t.ok((watched.unit('a').retryIn ?? 0) > 800);
    t.notOk(watched.supervisor.status().ready);
  },
);

t.test('a source that refuses costs a knock, not a process', async (t) => {
  const mark = join(t.testdir(), 'starts');
  const port = await freePort();
  const unit = ffmpegUnit({
    id: 'a',
    args: ['exit-after', '2', 'mark', mark, '-i', `rtsp://127.0.0.1:${port}/x`],
  });
  const watched = await watch(unit);
  t.teardown(() => watched.supervisor.stop());
  await watched.until('refused', () => watched.unit('a').lastExit?.class === 'refused');
  t.equal(watched.unit('a').lastExit?.reason, `connection refused by 127.0.0.1:${port}`);
  await watched.until('more tries', () => watched.unit('a').restarts >= 4);
  t.equal(readFileSync(mark, 'utf8'), 'start\n');
  const server = net.createServer().listen(port, '127.0.0.1');
  t.teardown(() => server.close());
  await until('a process once somebody answers', () => readFileSync(mark, 'utf8').length > 6);
});

t.test('`once` ends for good, and alone', async (t) => {
  const watched = await watch(ffmpegUnit({ id: 'a', args: ['exit-after', '5'], restart: 'once' }));
  t.teardown(() => watched.supervisor.stop());
  await watched.untilState('a', 'finished');
  t.equal(watched.unit('a').restarts, 0);
  t.ok(watched.supervisor.status().ready, 'what is finished is not missing');
});

t.test('a program that is not there', async (t) => {
  const watched = await watch(ffmpegUnit({ id: 'a' }), {
    binaries: { ...binaries, ffmpeg: '/nowhere/ffmpeg' },
  });
  t.teardown(() => watched.supervisor.stop());
  await watched.untilState('a', 'waiting');
  t.match(watched.unit('a').lastExit, { class: 'spawn' });
  t.match(watched.unit('a').lastExit?.reason, /\/nowhere\/ffmpeg/);
});

t.test('a probe asks until it is answered', async (t) => {
  const media: Media = { tracks: [{ type: 'audio', codec: 'aac', sampleRate: 48_000, channels: 2 }] };
  let asked = 0;
  const answers: unknown[] = [];
  const watched = new Watched({
    binaries,
    probe: async (args) => {
      t.strictSame(args, ['-i', 'clip.mp4']);
      if (++asked < 3) throw new Error('Invalid data found');
      return media;
    },
    onMedia: (source, found) => answers.push([source, found]),
  });
  t.teardown(() => watched.supervisor.stop());
  const unit: ProbeUnit = {
    id: 'probe:cam',
    kind: 'probe',
    routes: ['cam'],
    source: 'cam',
    args: ['-i', 'clip.mp4'],
    reads: [],
    network: false,
    why: [],
  };
  await watched.supervisor.apply(planOf(await serverSpec(), [unit]));
  await watched.untilState('probe:cam', 'finished');
  await until('media', () => answers.length === 1);
  t.strictSame(answers, [['cam', media]]);
  t.equal(watched.unit('probe:cam').lastExit?.class, 'input');
});

t.test('a stop while a unit waits or starts', async (t) => {
  const watched = await watch(ffmpegUnit({ id: 'a' }), {
    binaries: { ...binaries, ffmpeg: fixture('refuses.sh') },
  });
  await watched.until(
    'second failure',
    () => watched.unit('a').restarts === 2 && watched.unit('a').state === 'waiting',
  );
  await watched.supervisor.stop();
  t.equal(watched.unit('a').state, 'idle');
  t.equal(watched.unit('server').state, 'idle');
  await t.rejects(watched.supervisor.apply(planOf(await serverSpec(), [])), { code: 'RELAY_STATE' });
});
