/** The recorder under supervision, with a fake one: what it is told, and what follows from what it says. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Log } from '../../src/observe/log.ts';
import type { RecorderUnit, WorkerUnit } from '../../src/plan/types.ts';
import { hookSpec } from '../support/hook-spec.ts';
import { alive, barsPath, children, ffmpegUnit, fixture, planOf, serverSpec, Watched } from './support.ts';

const binaries = {
  ffmpeg: fixture('progress.mjs'),
  ffprobe: 'ffprobe',
  server: fixture('answers.mjs'),
  recorder: [process.execPath, fixture('recorder.mjs')] as const,
};

t.setTimeout(60_000);

const ring = mkdtempSync(join(tmpdir(), 'relay-ring-'));
t.teardown(() => rmSync(ring, { recursive: true }));

function recorder(...paths: string[]): RecorderUnit {
  return {
    id: 'recorder',
    kind: 'recorder',
    routes: paths.map((path) => `route/${path}`),
    paths: paths.map((path) => ({ path, route: `route/${path}`, ring, sinks: [] })),
    why: [],
  };
}

function fakeWorker(route: string, options: Record<string, unknown>): WorkerUnit {
  return {
    id: 'hook:a',
    kind: 'worker',
    routes: [route],
    hook: hookSpec({ options }),
    video: { mode: 'encode', codec: 'h264', gop: 2 },
    outputs: [],
    // So that it starts when the recorder speaks.
    publishes: ['on1'],
    reads: [],
    stall: 5,
    why: [],
  };
}

const recorded = (name: string) => barsPath(name, { record: { ring } });

interface Line {
  level: string;
  message: string;
}

/** Keeps what is said. */
function listening(): { log: Log; lines: Line[]; commands(): Record<string, unknown>[] } {
  const lines: Line[] = [];
  const at = (level: string) => (first: unknown, second?: string) =>
    void lines.push({ level, message: second ?? String(first) });
  const log = Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, at(level)]));
  const commands = () =>
    lines.flatMap(({ level, message }) =>
      level === 'info' && message.startsWith('{') ? [JSON.parse(message)] : [],
    );
  return { log: log as unknown as Log, lines, commands };
}

async function run(t: Tap, units: Parameters<typeof planOf>[1], names: string[], options = {}) {
  const said = listening();
  const watched = new Watched({ binaries, log: said.log, ...options });
  t.teardown(() => watched.supervisor.stop());
  const plan = planOf(await serverSpec(), units, names.map(recorded));
  await watched.supervisor.apply(plan);
  return { ...said, watched, plan };
}

type Tap = Pick<typeof t, 'teardown'>;

t.test('its job, its first words, its figures, the state of the world', async (t) => {
  const { watched, lines, commands } = await run(t, [recorder('on1', 'off2')], ['on1', 'off2']);
  await watched.untilState('recorder', 'running');
  await watched.until('figures', () => watched.unit('recorder').figures.recorder !== undefined);
  await watched.until('both', () => watched.events.filter(({ type }) => type === 'recording').length === 2);
  t.match(watched.unit('recorder').figures.recorder, { 'route/on1': { segments: 3, recording: true } });
  const job = JSON.parse(lines.find(({ message }) => message.startsWith('job '))!.message.slice(4));
  const { since, threads, ...rest } = job;
  t.strictSame(rest, { paths: recorder('on1', 'off2').paths, ffmpeg: binaries.ffmpeg });
  t.ok(Math.abs(since - Date.now() / 1000) < 30, 'seconds');
  t.equal(threads, '16', 'each disk that hangs may hold one');
  t.match(
    watched.events
      .flatMap((event) => (event.type === 'recording' ? event : []))
      .sort((a, b) => Number(b.on) - Number(a.on)),
    [
      { path: 'on1', on: true },
      { path: 'off2', on: false, reason: 'no room' },
    ],
  );
  t.ok(lines.some(({ level, message }) => level === 'warn' && message === 'nothing is recorded: no room'));
  await watched.until('server', () => commands().some(({ type, up }) => type === 'server' && up === true));
  t.match(
    commands()
      .filter(({ type }) => type === 'path')
      .slice(0, 2),
    [
      { path: 'on1', online: false },
      { path: 'off2', online: false },
    ],
  );
});

t.test('silence is a fault', async (t) => {
  const { watched } = await run(t, [recorder('hang')], ['hang'], { timing: { recorderSilence: 300 } });
  await watched.until('restart', () => watched.unit('recorder').restarts > 0);
  t.match(watched.unit('recorder').lastExit, {
    class: 'stalled',
    reason: 'the recorder has said nothing for 0.3 s',
  });
});

t.test('publishers wait for its word', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'relay-test-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const started = (name: string) => {
    try {
      return readFileSync(join(folder, name), 'utf8').length > 0;
    } catch {
      return false;
    }
  };
  const publisher = (name: string) =>
    ffmpegUnit({ id: name, publishes: [name], args: ['mark', join(folder, name)] });
  const names = ['on1', 'off1', 'late1'];
  const units = [recorder(...names), ...names.map(publisher)];
  const { watched } = await run(t, units, names, { timing: { recorderLook: 1500 } });
  await watched.until('those that were looked at start', () => started('on1') && started('off1'));
  t.notOk(started('late1'), 'the other one waits');
  await watched.until('in the end it starts all the same', () => started('late1'));
});

t.test('a recorder that does not start keeps nobody from running', async (t) => {
  const broken = { ...binaries, recorder: [process.execPath, '/there/is/none.js'] as const };
  const publisher = ffmpegUnit({ id: 'p', publishes: ['on1'] });
  const { watched } = await run(t, [recorder('on1'), publisher], ['on1'], {
    binaries: broken,
    timing: { recorderLook: 300 },
  });
  await watched.until('the publisher', () => watched.unit('p').pid !== undefined);
  await watched.until('restarts', () => watched.unit('recorder').restarts > 0);
  t.match(watched.unit('recorder').lastExit, { class: 'exit', code: 1 });
});

t.test('events, of people and of hooks, and what comes of them', async (t) => {
  const { watched, lines, commands } = await run(t, [recorder('on1')], ['on1']);
  await watched.untilState('recorder', 'running');
  const { supervisor } = watched;
  const reports = [
    { type: 'clip', route: 'route/on1', path: 'x.mp4', event: 'door', from: 1, to: 11 },
    { type: 'gap', route: 'route/on1', from: 1, to: 3.5, cause: 'publisher', reason: 'killed by SIGKILL' },
    { type: 'removed', route: 'route/on1', count: 2, bytes: 10, why: 'keep' },
    { type: 'from the future' },
  ];
  supervisor.event('route/on1', 'says', reports);
  supervisor.event('route/on1', 'bare', undefined);
  supervisor.event('route/on1', 'no name for a clip', undefined);
  supervisor.event('route/on1', 'no name for a clip', undefined);
  supervisor.event('another', 'says', reports);
  await watched.until('its events', () => watched.events.some(({ type }) => type === 'removed'));
  await watched.until('the other', () => commands().some(({ name }) => name === 'bare'));
  const events = commands().filter(({ type }) => type === 'event');
  t.match(events, [
    { route: 'route/on1', name: 'says', data: reports },
    { route: 'route/on1', name: 'bare' },
  ]);
  t.equal(events.length, 2);
  t.ok(Math.abs(Number(events[0]!['at']) - Date.now() / 1000) < 30, 'seconds');
  for (const report of reports.slice(0, 3)) {
    t.match(
      watched.events.find(({ type }) => type === report.type),
      { ...report, at: Number },
    );
  }
  const warned = lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  t.match(warned, [
    /events "no name for a clip" make no clips/,
    'nothing was recorded for 2.50 s: killed by SIGKILL',
  ]);
  t.equal(warned.length, 2);
});

t.test('what a hook says is told to it', async (t) => {
  const say = [{ type: 'event', name: 'person', data: { n: 1 }, sequence: 7, timestamp: 280_000 }];
  const worker = fakeWorker('route/on1', { say });
  const { watched, commands } = await run(t, [recorder('on1'), worker], ['on1'], {
    binaries: { ...binaries, worker: [process.execPath, fixture('worker.mjs')] as const },
  });
  const events = () => commands().filter(({ type }) => type === 'event');
  await watched.until('its event', () => events().some(({ name }) => name === 'person'));
  t.match(
    events().find(({ name }) => name === 'person'),
    { route: 'route/on1', data: { n: 1 }, at: Number },
  );
});

t.test('while it does not come back nothing is recorded', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'relay-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'recorder.mjs');
  copyFileSync(fixture('recorder.mjs'), program);
  const { watched, lines } = await run(t, [recorder('on1')], ['on1'], {
    binaries: { ...binaries, recorder: [process.execPath, program] as const },
    timing: { recorderAway: 300 },
  });
  await watched.until('recording', () => watched.events.some(({ type }) => type === 'recording'));
  rmSync(program);
  process.kill(watched.unit('recorder').pid!, 'SIGKILL');
  await watched.until('word', () => lines.some(({ level }) => level === 'error'));
  t.match(
    lines.find(({ level }) => level === 'error'),
    { message: /nothing is recorded any more/ },
  );
});

t.test('of a server that dies it is told, and a new one knows what is recorded', async (t) => {
  const { watched, commands } = await run(t, [recorder('on1')], ['on1']);
  await watched.untilState('recorder', 'running');
  const servers = () => commands().filter(({ type }) => type === 'server');
  await watched.until('up', () => servers().length === 1);
  process.kill(watched.unit('server').pid!, 'SIGKILL');
  await watched.until('up again', () => servers().length === 3);
  t.match(servers(), [{ up: true }, { up: false, reason: 'killed by SIGKILL' }, { up: true }]);
});

t.test('it ends last, and what it says then is heard', async (t) => {
  const publisher = ffmpegUnit({ id: 'p' });
  const { watched } = await run(t, [recorder('on1'), publisher], ['on1']);
  await watched.untilState('recorder', 'running');
  const server = watched.unit('server').pid!;
  let served: boolean | undefined;
  watched.supervisor.status();
  const { events } = watched;
  const stopped = watched.supervisor.stop();
  await watched.until('its last words', () => {
    const last = events.some((event) => event.type === 'segment' && event.path === 'last');
    if (last) served ??= alive(server);
    return last;
  });
  await stopped;
  t.equal(served, false, 'the server had closed its files');
  const order = events.flatMap((event) =>
    event.type === 'unit' && event.state === 'stopping' ? [event.unit] : [],
  );
  t.strictSame(order, ['p', 'server', 'recorder']);
  t.strictSame(children(), []);
});

t.test('one that does not end is given what is left of the time of a stop, and no more', async (t) => {
  const { watched } = await run(t, [recorder('stay')], ['stay'], { timing: { stop: 1500 } });
  await watched.untilState('recorder', 'running');
  await watched.supervisor.stop();
  t.equal(watched.unit('recorder').state, 'idle', 'it was killed in time');
  t.strictSame(children(), []);
});

t.test('a recorder that begins anew knows when the server was away', async (t) => {
  const { watched, commands } = await run(t, [recorder('on1')], ['on1']);
  await watched.untilState('recorder', 'running');
  const servers = () => commands().filter(({ type }) => type === 'server');
  process.kill(watched.unit('server').pid!, 'SIGKILL');
  await watched.until('up again', () => servers().length === 3);
  process.kill(watched.unit('recorder').pid!, 'SIGKILL');
  await watched.until('told again', () => servers().length === 5);
  t.strictSame(servers().slice(3), servers().slice(1, 3));
});
