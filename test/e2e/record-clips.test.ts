/**
 * Clips: events by the API, the command and a hook; each clip's first and last frame are held against the moment of its
 * event and the moments at which a reader had these frames, its sound against the source.
 *
 * `RELAY_LONG=1`: sixty events at random moments on three routes besides.
 */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { relay as runRelay } from '../support/relay.ts';
import { type ClipFile, clipNames, readClip } from './support/clip-files.ts';
import { type Clip, clip } from './support/clips.ts';
import { type Life, type Returning, startReturning, timeOf } from './support/frame-times.ts';
import { answering, fixture } from './support/hooks.ts';
import { beepOnsets, findGaps, flashOnsets, measureOffset, pairUp } from './support/measure.ts';
import { type Scope, scope, until } from './support/process.ts';
import { complaints, segmentsOf, visible } from './support/recordings.ts';
import { type Relay, startRelay } from './support/relay.ts';

const long = process.env['RELAY_LONG'] === '1';
const fps = 25;
const frame = 1 / fps;
const gop = 1;
const before = 3;
const after = 2;

/** Seconds that times may be off: those of names, and of the reader that we compare with. */
const slack = 0.05;

/** ms. */
const syncLimit = 2;

/** An event that was asked for: Unix seconds just before and just after. */
interface Asked {
  route: string;
  name: string;
  from: number;
  to: number;
}

const now = (): number => Date.now() / 1000;

async function post(relay: Relay, route: string, name: string, data?: unknown): Promise<Asked> {
  const from = now();
  const response = await fetch(`http://127.0.0.1:${relay.ports.api}/v1/routes/${route}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, data }),
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`HTTP ${response.status}: ${body}`);
  return { route, name, from, to: now() };
}

async function clipsOf(s: Scope, dir: string, count: number, timeout = 20_000): Promise<ClipFile[]> {
  await until(() => clipNames(dir).length >= count, { timeout, what: `${count} clips in ${dir}` });
  const clips: ClipFile[] = [];
  for (const name of clipNames(dir)) clips.push(await readClip(s, dir, name));
  // Clips of two events may begin with the same key frame.
  return clips.sort((a, b) => a.notes.events[0]!.at - b.notes.events[0]!.at);
}

interface Truth {
  made: Clip;
  sourceMs: number;
  life: Life;
}

/** @param first the event that the clip begins with, @param last the one that it ends with */
function judgeBounds(t: Test, one: ClipFile, [first, last]: [Asked, Asked], { made, life }: Truth): void {
  const what = `${one.path} (${first.name})`;
  const wall = (counter: number, about: number): number => timeOf(life, counter, about, made.frames, fps);
  const start = wall(one.pictures[0]!.counter!, first.from - before) - first.from;
  const end = wall(one.pictures.at(-1)!.counter!, last.to + after) + frame - last.to;
  t.comment(`${what}: from ${start.toFixed(3)} to ${end.toFixed(3)} s of its event`);
  t.ok(start <= -before + frame + slack, `${what}: begins ${start} s, at ${-before} s or before`);
  t.ok(start >= -before - gop - slack, `${what}: begins ${start} s, within a GOP`);
  t.ok(Math.abs(end - after) <= frame + slack + (last.to - last.from), `${what}: ends ${end} s after`);
  t.same(findGaps(one.pictures, made.frames), [], `${what}: each frame once`);
  const pictured = wall(one.pictured!, first.from);
  t.ok(
    pictured >= first.from - frame - slack && pictured <= first.to + frame + slack,
    `${what}: the picture is that of the event, ${pictured - first.from} s`,
  );
  t.ok(
    one.pictures.some(({ counter }) => counter === one.pictured),
    `${what}: and it is in the clip`,
  );
}

async function judgeFile(
  t: Test,
  s: Scope,
  dir: string,
  one: ClipFile,
  { sourceMs }: Truth,
): Promise<number[]> {
  t.equal(await complaints(s, join(dir, one.path)), '', `${one.path} is whole`);
  const pairs = pairUp(flashOnsets(one.pictures, true), beepOnsets(one.sounds), one.pictures[0]!.pts);
  t.ok(pairs.length > 0, `${one.path}: ${pairs.length} pairs of flash and beep`);
  const changes = pairs.map(({ ms }) => ms - sourceMs);
  const worst = Math.max(...changes.map(Math.abs));
  t.ok(worst <= syncLimit, `${one.path}: sync ${worst.toFixed(2)} ms`);
  return changes;
}

const limits = { before: `${before}s`, after: `${after}s` };

async function truth(made: Clip, sourceMs: number, reader: Returning): Promise<Truth> {
  const life = reader.lives().sort((a, b) => b.length - a.length)[0]!;
  return { made, sourceMs, life };
}

t.test('clips by API, command and hook', async (t) => {
  const s = scope(t);
  const made = await clip({ seconds: 64, period: 2, gop });
  const sourceMs = (await measureOffset(s, { url: made.file, seconds: 20 })).medianMs;
  const dir = (name: string): string => join(s.dir, 'clips', name);
  const clips = (name: string, more: object): object => ({
    clips: { dir: dir(name), ...limits, ...more },
  });
  const relay = await startRelay(s, {
    sources: { cam: { file: made.file, loop: true } },
    routes: {
      cam: {
        from: 'cam',
        to: [
          'cam',
          clips('split', { on: ['split'], overlap: 'split' }),
          clips('merged', { on: ['merged'], overlap: 'merge' }),
          clips('seldom', { on: ['seldom'], atMostEvery: '30s' }),
          clips('command', { on: ['command'] }),
        ],
      },
      // Records besides: the same ring serves both.
      hooked: {
        from: 'cam',
        hook: { module: fixture('emits.ts'), options: { every: 200 } },
        to: [
          'hooked',
          clips('seen', { on: ['seen'], overlap: 'split' }),
          { segments: { dir: dir('segments'), every: '5s' } },
        ],
      },
    },
  });
  const readers = {
    cam: startReturning(s, relay.rtmp('cam'), made.frames, fps),
    hooked: startReturning(s, relay.rtmp('hooked'), made.frames, fps),
  };
  await answering(relay, 'hooked');
  await until(() => readers.cam.count() > (before + gop + 1) * fps, {
    timeout: 30_000,
    what: 'footage before the first event',
  });

  const asked = {
    split: [] as Asked[],
    merged: [] as Asked[],
    seldom: [] as Asked[],
    command: [] as Asked[],
  };
  const pass = async (seconds: number): Promise<void> => {
    const wanted = readers.cam.count() + seconds * fps;
    await until(() => readers.cam.count() >= wanted, { timeout: 15_000, every: 10, what: 'time to pass' });
  };
  const from = now();
  const command = await runRelay(t, [
    ...['event', 'cam', 'command', '--data', '{"door":7}'],
    ...['--api', `127.0.0.1:${relay.ports.api}`],
  ]);
  asked.command.push({ route: 'cam', name: 'command', from, to: now() });
  t.equal(command.code, 0, `relay event: ${command.out}${command.err}`);
  for (const number of [1, 2]) {
    for (const name of ['split', 'merged', 'seldom'] as const) {
      asked[name].push(await post(relay, 'cam', name, { number }));
    }
    if (number === 1) await pass(1.7);
  }

  const found = {
    split: await clipsOf(s, dir('split'), 2),
    merged: await clipsOf(s, dir('merged'), 1),
    seldom: await clipsOf(s, dir('seldom'), 1),
    command: await clipsOf(s, dir('command'), 1),
    seen: await clipsOf(s, dir('seen'), 1, 40_000),
  };
  await relay.stop();
  const cam = await truth(made, sourceMs, readers.cam);
  const hooked = await truth(made, sourceMs, readers.hooked);
  const sync: number[] = [];

  t.equal(found.split.length, 2, 'two that overlap, split');
  for (const [index, one] of found.split.entries()) {
    judgeBounds(t, one, [asked.split[index]!, asked.split[index]!], cam);
    t.match(one.notes, { events: [{ name: 'split', data: { number: index + 1 } }] }, 'and its event is told');
  }
  t.equal(found.merged.length, 1, 'two that overlap, merged');
  judgeBounds(t, found.merged[0]!, [asked.merged[0]!, asked.merged[1]!], cam);
  t.match(
    found.merged[0]!.notes.events.map(({ data }) => data),
    [{ number: 1 }, { number: 2 }],
    'and both are told',
  );
  t.equal(found.seldom.length, 1, 'at most one in 30 s');
  judgeBounds(t, found.seldom[0]!, [asked.seldom[0]!, asked.seldom[0]!], cam);
  t.equal(found.command.length, 1, 'by command');
  // A command takes its time to start: it is somewhere in between.
  t.match(found.command[0]!.notes.events, [{ name: 'command', data: { door: 7 } }]);
  for (const one of found.seen) {
    const { counter } = one.notes.events[0]!.data as { counter: number };
    // A hook speaks before its frame has gone through encoder and server, where all are a little later.
    t.ok(
      counter - one.pictured! >= -1 && counter - one.pictured! <= 4,
      `the picture is that of the hook's frame, about: ${one.pictured}, ${counter}`,
    );
    t.ok(
      one.pictures.some((picture) => picture.counter === counter),
      'and in the clip',
    );
    t.same(findGaps(one.pictures, made.frames), [], 'each frame once');
  }
  for (const [name, clips] of Object.entries(found)) {
    for (const one of clips) {
      sync.push(...(await judgeFile(t, s, dir(name), one, name === 'seen' ? hooked : cam)));
      t.equal(one.notes.route, name === 'seen' ? 'hooked' : 'cam');
    }
    // That hook goes on speaking.
    if (name === 'seen') continue;
    const stems = clips.flatMap(({ path }) => ['jpg', 'json', 'mp4'].map((end) => path.replace(/mp4$/, end)));
    t.same(visible(dir(name)), stems.sort(), `${name}: film, notes and picture, and nothing else`);
  }
  t.comment(`sync worst ${Math.max(...sync.map(Math.abs)).toFixed(2)} ms of ${sync.length} pairs`);
  t.ok(segmentsOf(dir('segments'), 'hooked').length > 1, 'the route was recorded all the same');
});

/** Numbers between 0 and 1, the same each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (long) {
  t.test('sixty events at random moments on three recording routes', async (t) => {
    const s = scope(t);
    const seed = Number(process.env['RELAY_SEED'] ?? 5);
    t.comment(`RELAY_SEED=${seed}`);
    const random = seeded(seed);
    const made = await clip({ seconds: 64, period: 2, gop });
    const sourceMs = (await measureOffset(s, { url: made.file, seconds: 20 })).medianMs;
    const routes = ['one', 'two', 'three'] as const;
    const dir = (route: string, kind: string): string => join(s.dir, route, kind);
    const relay = await startRelay(s, {
      sources: Object.fromEntries(routes.map((name) => [name, { file: made.file, loop: true }])),
      routes: Object.fromEntries(
        routes.map((name) => [
          name,
          {
            from: name,
            to: [
              name,
              { segments: { dir: dir(name, 'segments'), every: '5s' } },
              { clips: { dir: dir(name, 'all'), on: ['all'], overlap: 'split', ...limits } },
              {
                clips: {
                  dir: dir(name, 'rare'),
                  on: ['rare'],
                  overlap: 'split',
                  atMostEvery: '20s',
                  ...limits,
                },
              },
            ],
          },
        ]),
      ),
    });
    const readers = Object.fromEntries(
      routes.map((name) => [name, startReturning(s, relay.rtmp(name), made.frames, fps)]),
    ) as Record<(typeof routes)[number], Returning>;
    await until(() => routes.every((name) => readers[name].count() > (before + gop + 1) * fps), {
      timeout: 30_000,
      what: 'footage before the first event',
    });
    const asked: Asked[] = [];
    for (let index = 0; index < 60; index++) {
      const next = now() + random() * 4;
      await until(() => now() >= next, { every: 5, what: 'the next moment' });
      const route = routes[Math.floor(random() * routes.length)]!;
      asked.push(await post(relay, route, random() < 0.75 ? 'all' : 'rare', { index }));
    }
    const sync: number[] = [];
    for (const route of routes) {
      const of = (name: string): Asked[] => asked.filter((one) => one.route === route && one.name === name);
      const allowed: Asked[] = [];
      for (const one of of('rare')) {
        if (allowed.length === 0 || one.from - allowed.at(-1)!.from >= 20) allowed.push(one);
      }
      for (const [kind, wanted] of [
        ['all', of('all')],
        ['rare', allowed],
      ] as const) {
        const clips = wanted.length === 0 ? [] : await clipsOf(s, dir(route, kind), wanted.length);
        t.equal(clips.length, wanted.length, `${route}: ${wanted.length} clips of "${kind}"`);
        const seen = await truth(made, sourceMs, readers[route]);
        for (const [index, one] of clips.entries()) {
          judgeBounds(t, one, [wanted[index]!, wanted[index]!], seen);
          sync.push(...(await judgeFile(t, s, dir(route, kind), one, seen)));
        }
      }
    }
    t.comment(`sync worst ${Math.max(...sync.map(Math.abs)).toFixed(2)} ms of ${sync.length} pairs`);
    await relay.stop();
  });
}
