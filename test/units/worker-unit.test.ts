/** Workers under supervision, with a fake one: what is hard to make the real one do. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { HookSpec } from '../../src/hooks/spec.ts';
import type { WorkerUnit } from '../../src/plan/types.ts';
import { hookSpec } from '../support/hook-spec.ts';
import { alive, ffmpegUnit, fixture, planOf, serverSpec, Watched } from './support.ts';

const binaries = {
  ffmpeg: fixture('progress.mjs'),
  ffprobe: 'ffprobe',
  server: fixture('answers.mjs'),
  worker: [process.execPath, fixture('worker.mjs')] as const,
};

t.setTimeout(60_000);

function worker(options: Record<string, unknown>, change: Partial<HookSpec> = {}): WorkerUnit {
  return {
    id: 'hook:a',
    kind: 'worker',
    routes: ['a'],
    hook: hookSpec({ timeout: 0.1, options, ...change }),
    video: { mode: 'encode', codec: 'h264', gop: 2 },
    outputs: [{ publish: 'a', by: 'srt' }],
    publishes: [],
    reads: [],
    stall: 1,
    why: [],
  };
}

async function run(
  spec: WorkerUnit,
  options: ConstructorParameters<typeof Watched>[0] = {},
): Promise<Watched> {
  const watched = new Watched({ binaries, ...options });
  const feed = ffmpegUnit({ id: 'feed', args: [{ feed: spec.id }], feeds: [spec.id] });
  await watched.supervisor.apply(planOf(await serverSpec(), [spec, feed]));
  return watched;
}

function job(watched: Watched): Record<string, unknown> & { feed: string; dir: string } {
  const event = watched.events.find((each) => each.type === 'hook' && each.name === 'job');
  return (event as unknown as { data: Record<string, unknown> & { feed: string; dir: string } }).data;
}

t.test('a feed starts when its worker listens, and the folder goes with the worker', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'relay-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const gate = join(folder, 'listen');
  const watched = await run(worker({ listenWhen: gate }));
  t.teardown(() => watched.supervisor.stop());
  await watched.until('figures', () => (watched.unit('hook:a').figures.hook?.in ?? 0) > 3);
  t.equal(watched.unit('feed').state, 'starting');
  t.equal(watched.unit('feed').pid, undefined, 'nothing is started that has nowhere to write');
  writeFileSync(gate, '');
  await watched.untilState('feed', 'running');
  t.match(watched.unit('hook:a').figures, { fps: 25, hook: { state: 'ready' } });

  const { dir, feed, outputs } = job(watched);
  t.equal(feed, `unix:${join(dir, 'feed.sock')}`);
  t.match((outputs as { url: string; format: string }[])[0], { url: /^srt:.*publish:a:/, format: 'mpegts' });
  t.ok(existsSync(dir));
  await watched.supervisor.stop();
  t.notOk(existsSync(dir));
});

t.test('a worker that is silent is restarted, and its feed with it', async (t) => {
  const watched = await run(worker({ mute: true }), { timing: { workerStart: 500 } });
  t.teardown(() => watched.supervisor.stop());
  await watched.until('restart', () => watched.unit('hook:a').restarts === 1);
  t.match(watched.unit('hook:a').lastExit, {
    class: 'stalled',
    reason: 'the worker has said nothing for 1 s',
  });
  await watched.until('its feed too', () => watched.unit('feed').restarts > 0);
  t.equal(watched.unit('feed').lastExit?.reason, 'its worker went away');
});

t.test('pictures that come in must lead to some that go out', async (t) => {
  const watched = await run(worker({ stuck: true }));
  t.teardown(() => watched.supervisor.stop());
  await watched.until('restart', () => watched.unit('hook:a').restarts === 1);
  t.match(watched.unit('hook:a').lastExit?.reason, /pictures come in, but nothing went out for 1 s/);
});

t.test('a route that may go silent while its hook fails is left alone', async (t) => {
  const watched = await run(worker({ muted: true }, { onError: 'stop' }));
  t.teardown(() => watched.supervisor.stop());
  // Three times as many looks as the one above needs to be restarted.
  await watched.until('figures', () => (watched.unit('hook:a').figures.hook?.in ?? 0) > 80);
  t.equal(watched.unit('hook:a').restarts, 0);
});

t.test('what the hook says is told; a saved file reaches the worker', async (t) => {
  const say = [
    { type: 'event', name: 'person', data: { n: 1 }, sequence: 7, timestamp: 280_000 },
    { type: 'meta', meta: [1], sequence: 7, timestamp: 280_000 },
    { type: 'nonsense' },
  ];
  const watched = await run(worker({ say }));
  t.teardown(() => watched.supervisor.stop());
  await watched.until('event', () => watched.events.some((event) => event.type === 'meta'));
  t.match(
    watched.events.find((event) => event.type === 'hook' && event.name === 'person'),
    {
      route: 'a',
      data: { n: 1 },
      timestamp: 280_000,
    },
  );
  watched.supervisor.reloadHook('b');
  watched.supervisor.reloadHook('a');
  await watched.until('reload', () =>
    watched.events.some((event) => event.type === 'hook' && event.name === 'reload'),
  );
});

t.test('a killed worker leaves no folder behind for the next gateway', async (t) => {
  const watched = await run(worker({}));
  await watched.until('job', () => watched.events.some((event) => event.type === 'hook'));
  const { dir } = job(watched);
  const { pid } = watched.unit('hook:a');
  // As after a crash: the folder of a gateway that does not live any more.
  const stray = mkdtempSync(join(tmpdir(), 'relay-worker-999999999-'));
  await watched.supervisor.stop();
  t.notOk(alive(pid!));
  const next = await run(worker({}));
  t.teardown(() => next.supervisor.stop());
  t.notOk(existsSync(stray));
  t.notOk(readdirSync(dirname(dir)).some((name) => join(dirname(dir), name) === dir));
});
