import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { RingFile } from '../../src/record/mp4/reader.ts';
import { Timeline } from '../../src/record/mp4/timeline.ts';
import { bootId, startOf } from '../../src/record/process-start.ts';
import { type Recorder, startRecorder } from '../../src/record/recorder.ts';
import type { Entry, RecorderJob, RecorderReport, RecordSpec } from '../../src/record/types.ts';
import { halfSecond, header, VIDEO } from './mp4/ring-files.ts';

/** Seconds: 12 pictures, the first one a key frame. */
const PART = 0.48;
const START = 1_795_284_500;

interface Rig {
  dir: string;
  ring: string;
  reports: RecorderReport[];
  recorder: Recorder;
  /** Its clock, in Unix seconds. */
  clock: { now: number };
  /** Ends it: with the server, or to begin again. */
  stop(server: 'up' | 'down'): Promise<void>;
}

function rig(
  t: Test,
  dir: string,
  sinks: (dir: string) => RecordSpec[],
  { clock = { now: START }, ...change }: Partial<RecorderJob> & { clock?: Rig['clock'] } = {},
): Rig {
  const ring = join(dir, 'rec', '.relay', 'ring');
  const reports: RecorderReport[] = [];
  const job = {
    ffmpeg: 'ffmpeg',
    since: START,
    paths: [{ path: 'cam', route: 'cam', ring, sinks: sinks(join(dir, 'rec')) }],
    ...change,
  };
  const recorder = startRecorder(job, { report: (report) => reports.push(report), now: () => clock.now });
  let stopped: Promise<void> | undefined;
  const stop = (server: 'up' | 'down'): Promise<void> => {
    if (server === 'down') recorder.command({ type: 'server', up: false, at: clock.now, reason: 'stopped' });
    stopped ??= recorder.stop();
    return stopped;
  };
  t.teardown(() => stop('up'));
  return { dir, ring: join(ring, 'cam'), reports, recorder, clock, stop };
}

const segments =
  (change = {}) =>
  (dir: string): RecordSpec[] => [
    { kind: 'segments', dir, every: 1.92, name: '{unix}', format: 'fmp4', ...change },
  ];

interface Placed {
  number?: number;
  run?: string;
  /** Seconds on the timeline of its run. */
  at?: number;
  /** Seconds after START, by the clock of the server. */
  wall?: number;
  name?: number;
  /** Milliseconds; 0: it is still written. */
  duration?: number;
}

/** A file of the ring, six parts. */
function place(ring: string, { number = 0, run = 'aa', at = 0, duration = 2880, ...rest }: Placed): void {
  const { wall = at, name = wall } = rest;
  mkdirSync(ring, { recursive: true, mode: 0o700 });
  const [dts, ntp] = [at, START + wall].map((seconds) => BigInt(Math.round(seconds * 1000)) * 1_000_000n);
  const parts = Array.from({ length: 6 }, (_, n) => halfSecond(n));
  const head = header({ number, run: run.repeat(16), dts: dts!, ntp: ntp!, duration });
  writeFileSync(join(ring, `${START + name}-0.mp4`), Buffer.concat([head, ...parts]));
}

/** Files of the ring that follow each other. */
function write(ring: string, from: number, to: number, run = 'aa'.repeat(16)): void {
  for (let number = from; number < to; number++) {
    const at = number * 6 * PART;
    place(ring, { number, run: run.slice(0, 2), at, name: number, wall: at });
  }
}

async function until<T>(look: () => T | undefined | false, what: string): Promise<T> {
  for (const limit = performance.now() + 10_000; performance.now() < limit; ) {
    const found = look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no ${what}`);
}

const told = <Type extends RecorderReport['type']>(reports: RecorderReport[], type: Type) =>
  reports.filter((report): report is Extract<RecorderReport, { type: Type }> => report.type === type);

/** The recorder has said whether the server may write. */
const firstWord = (r: Rig): Promise<boolean> =>
  until(() => told(r.reports, 'record').length > 0, 'first word');

async function pictures(file: string): Promise<number> {
  const read = new RingFile(file);
  await read.begin();
  const { samples, whole } = await read.read(new Timeline());
  await read.close();
  if (!whole) throw new Error(`${file} is not whole`);
  return samples.filter(({ track }) => track === VIDEO).length;
}

function ledger(dir: string, rec = 'rec', route = 'cam'): Entry[] {
  const folder = join(dir, rec, '.relay', 'segments', route);
  return readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry),
  );
}

/** In the place of ffmpeg: its last argument gets something. */
function copying(dir: string): string {
  const file = join(dir, 'ffmpeg.sh');
  writeFileSync(file, '#!/bin/sh\nfor last; do :; done\necho made > "${last#file:}"\n', { mode: 0o755 });
  return file;
}

const files = (folder: string, extension: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(extension))
        .sort()
    : [];

t.test(
  'the server writes when the folder is known; footage becomes segments, the ring is emptied',
  async (t) => {
    const r = rig(t, t.testdir(), segments());
    await until(() => told(r.reports, 'record').some(({ on }) => on), 'word that it may be recorded');
    write(r.ring, 0, 4);
    await until(() => told(r.reports, 'segment').length >= 5, 'segments');
    t.ok(files(r.ring, '.mp4').length <= 3, 'what is cut is removed while it goes on');
    await r.stop('down');
    const made = ledger(r.dir).filter((entry) => entry.type === 'segment');
    t.strictSame(
      made.map(({ path }) => path),
      [0, 1, 2, 3, 4, 5].map((n) => `${(START + n * 1.92).toFixed(3)}.mp4`),
    );
    t.equal(
      made.reduce((sum, { frames }) => sum + frames, 0),
      4 * 72,
    );
    for (const { path, frames } of made) t.equal(await pictures(join(r.dir, 'rec', path)), frames, path);
    t.strictSame(files(r.ring, '.mp4'), [], 'nothing is left of the ring');
    t.strictSame(told(r.reports, 'gap'), []);
  },
);

t.test('it begins again in the middle of a segment: nothing twice, nothing missing', async (t) => {
  const dir = t.testdir();
  const first = rig(t, dir, segments());
  await firstWord(first);
  write(first.ring, 0, 2);
  await until(() => told(first.reports, 'segment').length >= 2, 'segments');
  await first.stop('up');
  t.ok(files(first.ring, '.mp4').length > 0, 'what is open stays in the ring');
  const second = rig(t, dir, segments());
  write(second.ring, 2, 3);
  await until(() => told(second.reports, 'segment').length >= 1, 'a segment of the second life');
  await second.stop('down');
  const made = ledger(dir).filter((entry) => entry.type === 'segment');
  t.equal(
    made.reduce((sum, { frames }) => sum + frames, 0),
    3 * 72,
  );
  for (const [index, { dts, seq }] of made.entries()) {
    t.equal(seq, index);
    if (index > 0) t.equal(dts, made[index - 1]!.endDts, 'it goes on where the last one ended');
  }
  t.notOk(ledger(dir).some(({ type }) => type === 'gap'));
});

t.test(
  'a server that was away: a gap with its cause, which ends where the next segment begins',
  async (t) => {
    const r = rig(t, t.testdir(), segments());
    await firstWord(r);
    write(r.ring, 0, 1);
    r.recorder.command({ type: 'server', up: false, at: START + 2.9, reason: 'killed by SIGKILL' });
    r.recorder.command({ type: 'server', up: true, at: START + 5 });
    const run = 'bb'.repeat(16);
    mkdirSync(r.ring, { recursive: true });
    const ntp = BigInt(START + 6) * 1_000_000_000n;
    const again = Buffer.concat([header({ run, ntp, duration: 480 }), halfSecond(0)]);
    writeFileSync(join(r.ring, `${START + 6}-0.mp4`), again);
    await until(() => told(r.reports, 'gap').length > 0, 'gap');
    await r.stop('down');
    const lines = ledger(r.dir);
    t.match(
      lines.map(({ type }) => type),
      ['segment', 'segment', 'gap', 'segment'],
    );
    t.match(lines[2], {
      from: START + 2.88,
      to: START + 6,
      cause: 'server',
      reason: 'killed by SIGKILL',
      frames: 78,
    });
  },
);

t.test('a recorder that begins again does not tell of gaps that were told', async (t) => {
  const dir = t.testdir();
  const first = rig(t, dir, segments());
  await firstWord(first);
  write(first.ring, 0, 1);
  // A second later, on the same timeline.
  place(first.ring, { number: 1, at: 3.88 });
  await until(() => told(first.reports, 'segment').length >= 3, 'segment after the gap');
  await first.stop('up');
  t.equal(told(first.reports, 'gap').length, 1);
  const second = rig(t, dir, segments());
  place(second.ring, { number: 2, at: 6.76 });
  await until(() => told(second.reports, 'segment').length > 0, 'segment of the second life');
  await second.stop('down');
  t.strictSame(told(second.reports, 'gap'), []);
  t.equal(ledger(dir).filter(({ type }) => type === 'gap').length, 1);
});

t.test('a recorder that begins again in the second run of the ring tells nothing of the first', async (t) => {
  const dir = t.testdir();
  const other: RecordSpec = {
    kind: 'segments',
    dir: join(dir, 'other'),
    every: 1.92,
    name: '{unix}',
    format: 'fmp4',
  };
  const both = (folder: string): RecordSpec[] => [...segments()(folder), other];
  const first = rig(t, dir, both);
  await until(() => told(first.reports, 'record').some(({ on }) => on), 'word that it may be recorded');
  write(first.ring, 0, 2);
  await until(() => told(first.reports, 'segment').length >= 4, 'segments of the first run');
  write(first.ring, 4, 5, 'bb'.repeat(16));
  await until(() => told(first.reports, 'segment').length >= 8, 'segments of the second run');
  await first.stop('up');
  t.equal(files(first.ring, '.mp4').length, 2, 'the last file of the first run is still there');
  const gaps = () => ['rec', 'other'].map((rec) => ledger(dir, rec).filter(({ type }) => type === 'gap'));
  const before = gaps();
  const second = rig(t, dir, both);
  write(second.ring, 5, 8, 'bb'.repeat(16));
  await until(() => told(second.reports, 'segment').length >= 4, 'segments of the second life');
  await second.stop('down');
  t.strictSame(told(second.reports, 'gap'), []);
  t.strictSame(gaps(), before);
});

t.test('of two ledgers each is told of what it lacks', async (t) => {
  const dir = t.testdir();
  const both = (folder: string): RecordSpec[] => [
    ...segments()(folder),
    { kind: 'segments', dir: join(dir, 'other'), every: 1.92, name: '{unix}', format: 'fmp4' },
  ];
  const record = async (sinks: (dir: string) => RecordSpec[], from: number, run: string): Promise<void> => {
    const r = rig(t, dir, sinks, { clock: { now: START + from * 6 * PART } });
    await until(() => told(r.reports, 'record').some(({ on }) => on), 'word that it may be recorded');
    write(r.ring, from, from + 2, run.repeat(16));
    await until(() => told(r.reports, 'segment').length >= 2, 'segments');
    await r.stop('down');
  };
  await record(both, 0, 'aa');
  await record(segments(), 4, 'bb');
  await record(both, 8, 'cc');
  const gaps = (rec: string) =>
    ledger(dir, rec).flatMap((entry) =>
      entry.type === 'gap' ? [[entry.from, entry.to].map((at) => Math.round((at - START) / (6 * PART)))] : [],
    );
  t.strictSame(gaps('rec'), [
    [2, 4],
    [6, 8],
  ]);
  t.strictSame(gaps('other'), [[2, 8]]);
});

/** What a ledger tells, in seconds after START. */
const story = (dir: string, rec = 'rec') =>
  ledger(dir, rec).flatMap((entry) => {
    if (entry.type !== 'segment' && entry.type !== 'gap') return [];
    const [from, to] = [entry.from, entry.to].map((at) => Math.round((at - START) * 100) / 100);
    return [[entry.type === 'gap' ? 'gap' : entry.run.slice(0, 2), from, to]];
  });

for (const [which, first, other] of [
  ['the other one', 1.92, 100],
  ['the first one', 100, 1.92],
] as const) {
  const both =
    (dir: string) =>
    (folder: string): RecordSpec[] => [
      ...segments({ every: first })(folder),
      ...segments({ every: other })(join(dir, 'other')),
    ];
  const [ahead, behind] = first < other ? ['rec', 'other'] : ['other', 'rec'];

  t.test(
    `two ledgers, and ${which} was behind when the recorder ended: of a gap each tells once`,
    async (t) => {
      const dir = t.testdir();
      const clock = { now: START + 12 };
      const r = rig(t, dir, both(dir), { clock });
      await firstWord(r);
      place(r.ring, {});
      place(r.ring, { number: 1, at: 3.88 });
      await until(() => told(r.reports, 'segment').length >= 4, 'segments');
      await r.stop('up');
      const second = rig(t, dir, both(dir), { clock });
      place(second.ring, { number: 2, at: 6.76 });
      await until(() => told(second.reports, 'segment').length > 0, 'segment of the second life');
      await second.stop('down');
      t.strictSame(story(dir, behind), [
        ['aa', 0, 2.88],
        ['gap', 2.88, 3.88],
        ['aa', 3.88, 9.64],
      ]);
      t.strictSame(story(dir, ahead), [
        ['aa', 0, 1.92],
        ['aa', 1.92, 2.88],
        ['gap', 2.88, 3.88],
        ['aa', 3.88, 5.8],
        ['aa', 5.8, 7.72],
        ['aa', 7.72, 9.64],
      ]);
      t.equal(told(second.reports, 'gap').length, behind === 'rec' ? 1 : 0, 'the host hears of the first');
    },
  );

  t.test(`two ledgers, and ${which} has nothing yet of the run that is on`, async (t) => {
    const dir = t.testdir();
    const clock = { now: START + 12 };
    const r = rig(t, dir, both(dir), { clock });
    await firstWord(r);
    place(r.ring, {});
    await until(() => told(r.reports, 'segment').length >= 1, 'segment of the first run');
    place(r.ring, { run: 'bb', wall: 5 });
    place(r.ring, { run: 'bb', number: 1, at: 2.88, wall: 7.88 });
    await until(() => told(r.reports, 'segment').length >= 4, 'segments of the second run');
    await r.stop('up');
    t.equal(files(r.ring, '.mp4').length, 3, 'the first run is still there');
    const second = rig(t, dir, both(dir), { clock });
    place(second.ring, { run: 'bb', number: 2, at: 5.76, wall: 10.76 });
    await until(() => told(second.reports, 'segment').length > 0, 'segment of the second life');
    await second.stop('down');
    t.strictSame(story(dir, behind), [
      ['aa', 0, 2.88],
      ['gap', 2.88, 5],
      ['bb', 5, 13.64],
    ]);
    t.strictSame(
      story(dir, ahead).filter(([type]) => type === 'gap'),
      [['gap', 2.88, 5]],
    );
  });
}

/** A run, and another one that began a hundred seconds before it by the clock: what the ledger tells up to there. */
const setBack = (until: number) => [
  ['aa', 0, 1.92],
  ['aa', 1.92, 2.88],
  ['gap', 2.88, 2.88],
  ['bb', -100, -98.08],
  ['bb', -98.08, -96.16],
  ['bb', -96.16, until],
];

t.test('a server that began anew after the clock was set back, while no recorder ran', async (t) => {
  const dir = t.testdir();
  const first = rig(t, dir, segments(), { clock: { now: START + 12 } });
  await firstWord(first);
  place(first.ring, {});
  await until(() => told(first.reports, 'segment').length > 0, 'segment');
  await first.stop('up');
  place(first.ring, { run: 'bb', wall: -100, duration: 0 });
  const second = rig(t, dir, segments(), { clock: { now: START - 95 } });
  await until(() => told(second.reports, 'segment').length >= 1, 'segment of the second life');
  const open = join(second.ring, `${START - 100}-0.mp4`);
  for (const part of [6, 7, 8, 9]) appendFileSync(open, halfSecond(part));
  await until(() => story(dir).at(-1)?.[2] === -96.16, 'more of that file');
  await second.stop('down');
  t.strictSame(story(dir), setBack(-95.2));
});

t.test('two runs in the ring, of which the clock names the second first: nothing twice', async (t) => {
  const dir = t.testdir();
  const first = rig(t, dir, segments(), { clock: { now: START + 1 } });
  await firstWord(first);
  place(first.ring, {});
  await until(() => told(first.reports, 'segment').length > 0, 'segment');
  place(first.ring, { run: 'bb', wall: -100 });
  await until(() => told(first.reports, 'segment').length >= 3, 'segment of the second run');
  await first.stop('up');
  t.equal(files(first.ring, '.mp4').length, 2, 'both are still there');
  const second = rig(t, dir, segments(), { clock: { now: START - 90 } });
  place(second.ring, { run: 'bb', number: 1, at: 2.88, wall: -97.12 });
  await until(() => told(second.reports, 'segment').length > 0, 'segment of the second life');
  await second.stop('down');
  t.strictSame(told(second.reports, 'gap'), []);
  t.strictSame(story(dir), setBack(-94.24));
});

t.test('a file that a recorder left, with two runs in the ring: nothing twice', async (t) => {
  const dir = t.testdir();
  const all = (folder: string): RecordSpec[] => [{ kind: 'file', path: join(folder, 'all.mp4') }];
  const first = rig(t, dir, all);
  const held = (): number => told(first.reports, 'figures').at(-1)?.figures['cam']?.bytes ?? 0;
  await firstWord(first);
  place(first.ring, {});
  const file = (name: string): string => join(dir, 'rec', name);
  await until(() => existsSync(file('all.mp4')) && held() > 20_000, 'file of the first run');
  place(first.ring, { run: 'bb', wall: -100 });
  await until(() => existsSync(file('all-1.mp4')) && held() > 5000, 'file of the second run');
  await first.stop('up');
  const second = rig(t, dir, all);
  place(second.ring, { run: 'bb', number: 1, at: 2.88, wall: -97.12 });
  await until(() => existsSync(file('all-2.mp4')), 'file of the second life');
  await second.stop('down');
  t.equal(await pictures(file('all.mp4')), 72);
  t.equal((await pictures(file('all-1.mp4'))) + (await pictures(file('all-2.mp4'))), 2 * 72);
  t.strictSame(files(join(dir, 'rec'), '.mp4'), ['all-1.mp4', 'all-2.mp4', 'all.mp4']);
});

t.test('an event: a clip with its story, cut where the words say', async (t) => {
  const clips = (dir: string): RecordSpec[] => [
    {
      ...{ kind: 'clips', dir, on: ['person'], before: 1, after: 1 },
      ...{ atMostEvery: 60, overlap: 'merge', longest: 60 },
    },
  ];
  const r = rig(t, t.testdir(), clips);
  await firstWord(r);
  write(r.ring, 0, 2);
  const event = {
    type: 'event',
    route: 'cam',
    name: 'person',
    data: { who: 'café' },
    at: START + 3,
  } as const;
  r.recorder.command({ ...event, name: 'car' });
  r.recorder.command({ ...event, route: 'other' });
  r.recorder.command(event);
  r.recorder.command({ ...event, at: START + 4 });
  await until(() => told(r.reports, 'clip').length > 0, 'clip');
  await r.stop('down');
  const dir = join(r.dir, 'rec');
  t.strictSame(files(dir, '.mp4'), ['20261121T180821.920Z-person.mp4'], 'one clip');
  // From the key frame at 1.92 s up to 4 s.
  t.equal(await pictures(join(dir, files(dir, '.mp4')[0]!)), Math.round((4 - 1.92) * 25));
  const story = JSON.parse(readFileSync(join(dir, files(dir, '.json')[0]!), 'utf8')) as object;
  t.match(story, {
    event: 'person',
    at: START + 3,
    events: [{ data: { who: 'café' } }],
    file: /person\.mp4$/,
  });
});

t.test('an event whose clip is not cut yet is not forgotten', async (t) => {
  const dir = t.testdir();
  const clips = (folder: string): RecordSpec[] => [
    {
      ...{ kind: 'clips', dir: folder, on: [], before: 1, after: 2 },
      ...{ atMostEvery: 60, overlap: 'merge', longest: 60 },
    },
  ];
  const first = rig(t, dir, clips);
  await firstWord(first);
  write(first.ring, 0, 1);
  first.recorder.command({ type: 'event', route: 'cam', name: 'person', at: START + 2 });
  await until(() => existsSync(join(dir, 'rec', '.relay', 'clips', 'cam', 'open.json')), 'note of it');
  await first.stop('up');
  const second = rig(t, dir, clips);
  write(second.ring, 1, 2);
  second.recorder.command({ type: 'event', route: 'cam', name: 'person', at: START + 3 });
  await until(() => told(second.reports, 'clip').length > 0, 'clip');
  await second.stop('down');
  t.strictSame(
    told(second.reports, 'clip').map(({ event, to }) => [event, Math.round(to - START)]),
    [['person', 4]],
    'one: the second came too soon after the first',
  );
});

t.test('a file that grows can be read at any time, and never takes the place of another', async (t) => {
  const dir = t.testdir({ rec: { 'all.mp4': 'mine' } });
  const r = rig(t, dir, (folder) => [{ kind: 'file', path: join(folder, 'all.mp4') }]);
  await firstWord(r);
  write(r.ring, 0, 2);
  const file = join(dir, 'rec', 'all-1.mp4');
  await until(() => existsSync(file) && statSync(file).size > 5000, 'file');
  t.ok((await pictures(file)) > 0, 'while it grows');
  write(r.ring, 2, 4);
  await until(() => statSync(file).size > 60_000, 'more of it');
  await r.stop('down');
  t.equal(await pictures(file), 4 * 72);
  t.equal(readFileSync(join(dir, 'rec', 'all.mp4'), 'utf8'), 'mine');
  const bytes = readFileSync(file);
  t.equal(bytes.readUInt32BE(bytes.indexOf('mvhd') + 4 + 16), 4 * 2880, 'its header tells how long it is');
});

t.test('the number of a file that becomes another one is free for both', async (t) => {
  const dir = t.testdir({ rec: { 'all.mkv': 'mine', 'all-1.mp4': 'mine too' } });
  const all = (folder: string): RecordSpec[] => [{ kind: 'file', path: join(folder, 'all.mkv') }];
  const r = rig(t, dir, all, { ffmpeg: copying(dir) });
  await firstWord(r);
  write(r.ring, 0, 2);
  const place = join(dir, 'rec');
  await until(() => existsSync(join(place, 'all-2.mp4')), 'file');
  await r.stop('down');
  t.strictSame(
    readdirSync(place)
      .filter((name) => name.startsWith('all'))
      .sort(),
    ['all-1.mp4', 'all-2.mkv', 'all.mkv'],
  );
  const logs = told(r.reports, 'log').map(({ message }) => message);
  t.match(logs, [/all-2\.mp4, which becomes all-2\.mkv$/, /all-2\.mp4 became all-2\.mkv$/]);
});

t.test('a file that a recorder left: the next one goes on where it ended', async (t) => {
  const dir = t.testdir();
  const all = (folder: string): RecordSpec[] => [{ kind: 'file', path: join(folder, 'all.mp4') }];
  const first = rig(t, dir, all);
  await firstWord(first);
  write(first.ring, 0, 3);
  const file = (name: string): string => join(dir, 'rec', name);
  await until(() => existsSync(file('all.mp4')) && statSync(file('all.mp4')).size > 40_000, 'file');
  await first.stop('up');
  const before = await pictures(file('all.mp4'));
  const second = rig(t, dir, all);
  write(second.ring, 3, 5);
  await until(() => existsSync(file('all-1.mp4')), 'second file');
  await second.stop('down');
  t.equal(before + (await pictures(file('all-1.mp4'))), 5 * 72, 'nothing twice, nothing missing');
});

t.test('what is too much goes, the oldest first; a file that is not ours stays', async (t) => {
  const r = rig(t, t.testdir(), segments({ maxSize: 60_000 }));
  await firstWord(r);
  writeFileSync(join(r.dir, 'rec', 'holiday.mp4'), Buffer.alloc(100_000));
  write(r.ring, 0, 6);
  const removed = await until(() => told(r.reports, 'removed')[0], 'removal');
  t.match(removed, { route: 'cam', why: 'maxSize' });
  await r.stop('down');
  const left = files(join(r.dir, 'rec'), '.mp4');
  t.ok(left.includes('holiday.mp4'));
  const gone = ledger(r.dir).filter(({ type }) => type === 'gone');
  t.equal(left.length - 1, 9 - gone.length);
});

t.test('an hour back and an hour forth: all is recorded, nothing is overwritten or removed', async (t) => {
  const r = rig(t, t.testdir(), segments({ keep: 600 }));
  await firstWord(r);
  write(r.ring, 0, 2);
  await until(() => told(r.reports, 'segment').length >= 2, 'segments');
  for (const step of [-3600, 7200]) {
    r.clock.now += step;
    await until(
      () => ledger(r.dir).filter(({ type }) => type === 'clock').length === (step < 0 ? 1 : 2),
      'step',
    );
  }
  write(r.ring, 2, 4);
  await until(() => told(r.reports, 'segment').length >= 4, 'more segments');
  await r.stop('down');
  const made = ledger(r.dir).filter((entry) => entry.type === 'segment');
  t.equal(
    made.reduce((sum, { frames }) => sum + frames, 0),
    4 * 72,
  );
  t.equal(files(join(r.dir, 'rec'), '.mp4').length, made.length);
  t.strictSame(told(r.reports, 'removed'), []);
});

t.test('a folder that leads elsewhere: nothing is recorded, and why', async (t) => {
  const dir = t.testdir({ elsewhere: {}, rec: {} });
  symlinkSync(join(dir, 'elsewhere'), join(dir, 'rec', '.relay'));
  const r = rig(t, dir, segments());
  const word = await until(() => told(r.reports, 'record')[0], 'word');
  t.match(word, { on: false, reason: /\.relay/ });
  t.strictSame(readdirSync(join(dir, 'elsewhere')), []);
});

for (const [cause, since] of [
  ['recorder', START - 100],
  ['gateway', START + 7],
] as const) {
  t.test(`a gap that nobody saw: the ${cause} did not run`, async (t) => {
    const dir = t.testdir();
    const first = rig(t, dir, segments());
    await firstWord(first);
    write(first.ring, 0, 1);
    await until(() => told(first.reports, 'segment').length > 0, 'segment');
    await first.stop('down');
    const second = rig(t, dir, segments(), { since, clock: { now: START + 8 } });
    write(second.ring, 3, 4, 'bb'.repeat(16));
    const [gap] = await until(
      () => told(second.reports, 'gap').length > 0 && told(second.reports, 'gap'),
      'gap',
    );
    await second.stop('down');
    t.match(gap, { cause, reason: `the ${cause} did not run`, from: START + 2.88, to: START + 8.64 });
  });
}

t.test('a folder that is moved away while it is recorded to, and comes back', async (t) => {
  const r = rig(t, t.testdir({ elsewhere: {} }), segments());
  const place = join(r.dir, 'rec');
  const on = () => told(r.reports, 'record').at(-1)?.on;
  await until(() => on(), 'word that it may be recorded');
  write(r.ring, 0, 2);
  await until(() => told(r.reports, 'segment').length >= 2, 'segments');
  renameSync(place, join(r.dir, 'moved'));
  symlinkSync(join(r.dir, 'elsewhere'), place);
  await until(() => on() === false, 'word that it may not');
  t.match(told(r.reports, 'record').at(-1), { reason: /is gone, or is no folder any more/ });
  // The server may write on, into the folder that it was given.
  write(join(r.dir, 'moved', '.relay', 'ring', 'cam'), 2, 4);
  t.strictSame(readdirSync(join(r.dir, 'elsewhere')), [], 'nothing is touched where the link leads');
  unlinkSync(place);
  renameSync(join(r.dir, 'moved'), place);
  await until(() => on(), 'word that it may be recorded again');
  await r.stop('down');
  const made = ledger(r.dir).filter((entry) => entry.type === 'segment');
  t.equal(
    made.reduce((sum, { frames }) => sum + frames, 0),
    4 * 72,
    'nothing is lost or twice',
  );
});

t.test('a folder that another gateway records to is left alone until that one is gone', async (t) => {
  const dir = t.testdir({ rec: {} });
  const other = spawn('sleep', ['60']);
  t.teardown(() => other.kill('SIGKILL'));
  await once(other, 'spawn');
  const locks = join(dir, 'rec', '.relay', 'locks');
  mkdirSync(locks, { recursive: true, mode: 0o700 });
  const holder = { pid: other.pid!, start: startOf(other.pid!), boot: bootId(), gateway: 4711 };
  writeFileSync(join(locks, 'cam.lock'), JSON.stringify(holder));
  write(join(dir, 'rec', '.relay', 'ring', 'cam'), 0, 2);
  const r = rig(t, dir, segments());
  const word = await until(() => told(r.reports, 'record')[0], 'word');
  t.match(word, { on: false, reason: /rec is recorded by another gateway already \(pid 4711\)/ });
  const figures = await until(() => told(r.reports, 'figures').at(-1)?.figures['cam'], 'figures');
  t.match(figures, { recording: false, reason: /already/ });
  t.notOk(existsSync(join(dir, 'rec', '.relay', 'segments')), 'nothing of it was touched');
  other.kill('SIGKILL');
  await until(() => told(r.reports, 'segment').length >= 2, 'segments, when it is gone');
  await r.stop('down');
  t.strictSame(readdirSync(locks), [], 'it is free again');
});

t.test('a path that is recorded no more ends with what is open, though the server goes on', async (t) => {
  const r = rig(t, t.testdir(), segments({ every: 60 }));
  await until(() => told(r.reports, 'record').some(({ on }) => on), 'word that it may be recorded');
  write(r.ring, 0, 2);
  await until(
    () => r.reports.some((report) => report.type === 'figures' && report.figures['cam']?.newest),
    'a look',
  );
  r.recorder.command({ type: 'over', path: 'cam' });
  await r.stop('up');
  t.match(ledger(r.dir), [{ type: 'segment', frames: 2 * 72 }]);
  t.strictSame(files(r.ring, '.mp4'), [], 'nothing is left of the ring');
});

t.test('a private folder that is removed while it is recorded to is made anew', async (t) => {
  const r = rig(t, t.testdir(), segments());
  const words = () => told(r.reports, 'record').flatMap((said) => (said.on ? said.folder : []));
  await until(() => words().length === 1, 'word that it may be recorded');
  write(r.ring, 0, 2);
  await until(() => told(r.reports, 'segment').length >= 2, 'segments');
  rmSync(join(r.dir, 'rec', '.relay'), { recursive: true });
  await until(() => words().length === 2, 'word of another folder');
  t.not(words()[1], words()[0]);
  const before = told(r.reports, 'segment').length;
  write(r.ring, 8, 12);
  await until(() => told(r.reports, 'segment').length >= before + 3, 'segments after it');
  await r.stop('down');
});

t.test('a path that does not get on is no other path’s trouble', async (t) => {
  const dir = t.testdir();
  const ffmpeg = join(dir, 'ffmpeg.sh');
  writeFileSync(ffmpeg, `#!/bin/sh\nwhile [ ! -e '${dir}/go' ]; do sleep 0.02; done\nexit 1\n`, {
    mode: 0o755,
  });
  const paths = ['slow', 'quick'].map((path) => ({
    ...{ path, route: path, ring: join(dir, path, '.relay', 'ring') },
    sinks: segments({ format: path === 'slow' ? 'mkv' : 'fmp4' })(join(dir, path)),
  }));
  const r = rig(t, dir, segments(), { ffmpeg, paths });
  await until(() => told(r.reports, 'record').length === 2, 'first words');
  write(`${paths[0]!.ring}/slow`, 0, 2);
  await until(() => files(join(dir, 'slow', '.relay', 'tmp'), '.mkv').length > 0, 'ffmpeg');
  write(`${paths[1]!.ring}/quick`, 0, 2);
  await until(() => told(r.reports, 'segment').length >= 2, 'segments of the other');
  r.clock.now += 3600;
  const clocks = (path: string) => ledger(dir, path, path).filter(({ type }) => type === 'clock');
  await until(() => clocks('quick').length > 0, 'step');
  t.ok(told(r.reports, 'segment').every(({ route }) => route === 'quick'));
  writeFileSync(join(dir, 'go'), '');
  await until(() => told(r.reports, 'segment').some(({ route }) => route === 'slow'), 'the slow one');
  await until(() => clocks('slow').length > 0, 'its step');
  await r.stop('down');
  t.same([clocks('slow').length, clocks('quick').length], [1, 1], 'once each');
});

t.test('a folder that can’t be used costs what would have been in it, and nothing else', async (t) => {
  const dir = t.testdir();
  const both = (first: string): RecordSpec[] => [...segments()(first), ...segments()(join(dir, 'also'))];
  const before = rig(t, dir, both);
  await firstWord(before);
  write(before.ring, 0, 1);
  await until(() => told(before.reports, 'segment').length >= 2, 'segments of both');
  await before.stop('up');
  const place = join(dir, 'also', '.relay');
  renameSync(place, `${place}-away`);
  symlinkSync(dir, place);
  const r = rig(t, dir, both);
  await until(() => told(r.reports, 'record').some(({ on }) => on), 'word that it may be recorded');
  write(r.ring, 1, 2);
  await until(() => told(r.reports, 'segment').length >= 1, 'segment of the first');
  unlinkSync(place);
  renameSync(`${place}-away`, place);
  const held = ledger(dir).reduce((sum, entry) => sum + (entry.type === 'segment' ? entry.bytes : 0), 0);
  await until(
    () => told(r.reports, 'figures').some(({ figures }) => figures['cam']!.bytes > held),
    'the other',
  );
  write(r.ring, 2, 4);
  await until(() => told(r.reports, 'segment').some(({ from }) => from > START + 7), 'what comes after');
  await r.stop('down');
  const logs = told(r.reports, 'log').map(({ message }) => message);
  t.match(logs, [/also: .*\.relay/], 'said once');
  const frames = (rec: string) =>
    ledger(dir, rec).reduce(
      (sum, entry) => sum + (entry.type === 'gone' || entry.type === 'clock' ? 0 : (entry.frames ?? 0)),
      0,
    );
  t.equal(frames('rec'), 4 * 72);
  t.notOk(ledger(dir).some(({ type }) => type === 'gap'));
  const gaps = ledger(dir, 'also').filter((entry) => entry.type === 'gap');
  t.match(gaps, [{ cause: 'disk-error', reason: /\.relay/ }]);
  t.equal(frames('also'), 4 * 72, 'what is there and what is missing are all');
  t.strictSame(told(r.reports, 'gap').length, 1);
});
