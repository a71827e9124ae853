/** Exports: to the frame, sound in step, gaps as long as they were, nothing overwritten and nothing left behind. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SegmentEntry } from '../../src/record/types.ts';
import { type Exported, type ExportOptions, exportSpan } from '../../src/recordings/export.ts';
import type { Recording } from '../../src/recordings/places.ts';
import { createTether } from '../../src/units/tether.ts';
import { type Clip, clip } from '../e2e/support/clips.ts';
import { beepOnsets, flashOnsets, median, pairUp } from '../e2e/support/measure.ts';
import { scope } from '../e2e/support/process.ts';
import { decodeFile } from '../e2e/support/recordings.ts';
import { BEGIN, makeRecording } from './support.ts';

const tether = createTether();
t.teardown(() => tether.close());
const dir = t.testdir();
const signal = new AbortController().signal;

let plain: Clip;
let wide: Clip;
t.before(async () => {
  plain = await clip({ seconds: 20, fps: '30000/1001', period: 1, bFrames: 2, gop: 1 });
  wide = await clip({ seconds: 4, size: '1280x720', audio: 'none' });
});

function exported(
  recording: Recording,
  from: number,
  to: number,
  name: string,
  more: Partial<ExportOptions> = {},
) {
  const host = async () => ({ ffmpeg: 'ffmpeg', tether, signal: more.signal ?? signal });
  const output = join(dir, name);
  const now = () => BEGIN + 1e6;
  const span = { from: BEGIN + from, to: BEGIN + to };
  const options = { ...span, output, fast: false, host, signal, now, onProgress() {} };
  return exportSpan(recording, { ...options, ...more });
}

/** Key frames come once a period, which is not quite a second. */
const at = (periods: number): number => (periods * 30 * 1001) / 30_000;

async function twoTakes(name: string, format: 'mp4' | 'mkv' | 'ts' = 'mp4', run = 'one') {
  const takes = [
    { clip: plain.file, from: 0, to: at(9) },
    { clip: plain.file, from: at(12), to: at(20), run },
  ];
  return makeRecording(join(dir, name), { takes, every: 1.9, format });
}

/** Where nothing hides the picture that the last ones need, those between come too. */
const CLOSED = (488 * 1001) / 30_000;

/** Frames of the clip that a span should have. */
function wanted(from: number, to: number): number[] {
  const all = Array.from({ length: plain.frames }, (_, n) => n);
  const time = (n: number): number => (n * 1001) / 30_000;
  return all.filter(
    (n) => time(n) >= from && time(n) < to && !(time(n) >= at(9) - 0.001 && time(n) < at(12) - 0.001),
  );
}

async function offsets(
  t: Test,
  file: string,
): Promise<{ numbers: (number | null)[]; times: number[]; ms: number[] }> {
  const { pictures, sounds } = await decodeFile(scope(t), file);
  const pairs = pairUp(flashOnsets(pictures, true), beepOnsets(sounds), 0);
  return {
    numbers: pictures.map(({ counter }) => counter),
    times: pictures.map(({ pts }) => pts),
    ms: pairs.map(({ ms }) => ms),
  };
}

async function judge(t: Test, done: Exported, from: number, to: number, ticks: number): Promise<void> {
  const before = await offsets(t, plain.file);
  const { numbers, times, ms } = await offsets(t, done.file);
  const expected = wanted(from, to);
  t.same(numbers, expected, 'each frame once, from the first to the last');
  t.equal(done.frames, expected.length);
  const zero = times[0]!;
  const late = times.map((time, index) => time - zero - ((expected[index]! - expected[0]!) * 1001) / 30_000);
  t.ok(
    Math.max(...late.map(Math.abs)) <= ticks,
    `frames at their times, gaps too: ${Math.max(...late.map(Math.abs))}`,
  );
  t.ok(ms.length >= Math.floor(expected.length / 30) - 2, `${ms.length} flashes with a beep`);
  const worst = Math.max(...ms.map((each) => Math.abs(each - median(before.ms))));
  t.ok(worst <= 1, `sound is ${worst} ms from where it was`);
}

t.test('to the frame, over several segments and a gap', async (t) => {
  const recording = await twoTakes('exact');
  const done = await exported(recording, 3.45, 16.2, 'exact.mp4');
  await judge(t, done, 3.45, 16.2, 0.0005);
  t.match(done.gaps, [{ cause: 'publisher', reason: 'unplugged' }]);
  t.equal(done.early, 0);
  t.ok(done.segments >= 6);
  t.equal((await decodeFile(scope(t), done.file, 'video')).pictures[0]!.pts, 0);
  t.same(
    readdirSync(dir).filter((name) => name.includes('partial')),
    [],
  );
});

t.test('a new run of the server: the time of day tells how long the gap was', async (t) => {
  const done = await exported(await twoTakes('runs', 'mp4', 'two'), 3.45, 16.2, 'runs.mp4');
  await judge(t, done, 3.45, 16.2, 0.0005);
});

t.test('fast: from the key frame before', async (t) => {
  const never = async () => t.fail('no program is needed') as never;
  const done = await exported(await twoTakes('fast'), 3.45, 16.2, 'fast.mp4', { fast: true, host: never });
  await judge(t, done, at(3), CLOSED, 0.0005);
  t.equal(done.early, wanted(at(3), 3.45).length);
});

t.test('other formats, of segments and of the file', async (t) => {
  for (const [format, name] of [
    ['mp4', 'a.mkv'],
    ['mkv', 'b.ts'],
    ['ts', 'c.mp4'],
    ['mkv', 'd.mp4'],
  ] as const) {
    await t.test(`${format} to ${name}`, async (t) => {
      const done = await exported(await twoTakes(`as-${name}`, format), 3.45, 16.2, name);
      await judge(
        t,
        done,
        name.endsWith('.mp4') ? 3.45 : at(3),
        name.endsWith('.mp4') ? 16.2 : CLOSED,
        0.0021,
      );
    });
  }
});

t.test('another resolution: two spans are proposed', async (t) => {
  const takes = [
    { clip: (await clip({ seconds: 4, audio: 'none' })).file, from: 0, to: 4 },
    { clip: wide.file, from: 0, to: 4, at: BEGIN + 4, run: 'two' },
  ];
  const recording = await makeRecording(join(dir, 'sizes'), { takes });
  await t.rejects(exported(recording, 1, 6, 'sizes.mp4'), {
    message: /^at 2026-11-21T\S+Z the stream changes from avc1 640x360 to avc1 1280x720/,
    hint: /^export two: --from \S+ --to (\S+), and --from \1 --to \S+$/,
  });
  t.equal(existsSync(join(dir, 'sizes.mp4')), false);
  const done = await exported(recording, 4, 6, 'wide.mp4');
  t.equal(done.frames, 50);
});

t.test('a span without pictures', async (t) => {
  const recording = await twoTakes('none');
  await t.rejects(exported(recording, 100, 110, 'none.mp4'), /^nothing was recorded from /);
  await t.rejects(exported(recording, at(10), at(11), 'none.mp4'), /^nothing was recorded from /);
  const { frames } = await exported(recording, at(10), at(13), 'late.mp4');
  t.equal(frames, 30);
});

t.test('what is gone or broken is left out', async (t) => {
  for (const format of ['mp4', 'mkv'] as const) {
    const recording = await twoTakes(`lost-${format}`, format);
    const file = (n: number): string => join(recording.dir, `00${n}.${format}`);
    const { from: gone } = recording.entries.filter(({ type }) => type === 'segment')[1] as SegmentEntry;
    rmSync(file(1));
    truncateSync(file(2), 200);
    const done = await exported(recording, 1.5, 16.2, `lost-${format}.mp4`);
    t.match(done.lost, [{ from: gone, reason: 'its file is gone' }, { reason: "its file can't be read" }]);
    const lost = wanted(done.lost[0]!.from - BEGIN - 0.001, done.lost[1]!.to - BEGIN - 0.001);
    const { numbers } = await offsets(t, done.file);
    t.same(
      numbers,
      wanted(1.5, 16.2).filter((n) => !lost.includes(n)),
    );
    for (const { path } of recording.entries as SegmentEntry[])
      if (path) rmSync(join(recording.dir, path), { force: true });
    await t.rejects(exported(recording, 1.5, 16.2, `all-${format}.mp4`), {
      code: 'RELAY_SOURCE_UNREADABLE',
      message: /every file is gone/,
    });
  }
});

t.test('the end of a file is missing', async (t) => {
  const recording = await twoTakes('short');
  const file = join(recording.dir, '001.mp4');
  truncateSync(file, statSync(file).size - 1000);
  const done = await exported(recording, 1.5, 16.2, 'short.mp4');
  t.match(done.lost, [{ reason: "its file can't be read", to: (recording.entries[1] as SegmentEntry).to }]);
  t.equal(done.lost.length, 1);
});

t.test('retention removes a file while it is exported', async (t) => {
  const recording = await twoTakes('raced');
  const onProgress = (text: string): void => {
    if (text.startsWith('4 of')) rmSync(join(recording.dir, '001.mp4'), { force: true });
  };
  const done = await exported(recording, 1.5, 16.2, 'raced.mp4', { onProgress });
  t.match(done.lost, [{ reason: 'its file is gone' }]);
});

t.test('the segment that is still open', async (t) => {
  const recording = await twoTakes('open');
  const { to: end } = recording.entries.at(-1) as SegmentEntry;
  const now = () => end + 2;
  const done = await exported(recording, 15, end + 1 - BEGIN, 'open.mp4', { now });
  t.equal(done.unfinished, end);
  t.equal((await exported(recording, 15, end + 1 - BEGIN, 'over.mp4')).unfinished, undefined);
  t.equal((await exported(recording, 15, 18, 'before.mp4', { now })).unfinished, undefined);
  await t.rejects(exported(recording, end + 0.5 - BEGIN, end + 1 - BEGIN, 'later.mp4', { now }), {
    code: 'RELAY_NOT_FOUND',
    message: /^what comes after \S+ is not in a finished segment yet$/,
  });
});

t.test('nothing is overwritten, and nothing comes into the folder of the recording', async (t) => {
  const recording = await twoTakes('safe');
  writeFileSync(join(dir, 'taken.mp4'), 'mine');
  await t.rejects(exported(recording, 1, 2, 'taken.mp4'), /is there already/);
  t.equal(readFileSync(join(dir, 'taken.mp4'), 'utf8'), 'mine');
  await t.rejects(exported(recording, 1, 2, 'safe/new.mp4'), /folder of the recording/);
  await t.rejects(exported(recording, 1, 2, 'x.avi'), /must end in/);
});

t.test('stopped: nothing is left', async (t) => {
  const recording = await twoTakes('stopped');
  for (const when of ['segments read', 'joining', 'writing'] as const) {
    const stop = new AbortController();
    const host = async () => {
      stop.abort(new Error('stop'));
      return { ffmpeg: 'ffmpeg', tether, signal: stop.signal };
    };
    const onProgress = (text: string): void => {
      if (text.includes(when)) stop.abort(new Error('stop'));
    };
    await t.rejects(
      exported(recording, 3, 16, 'stopped.mp4', { host, signal: stop.signal, onProgress }),
      /^stop$/,
    );
    t.same(
      readdirSync(dir).filter((name) => name.startsWith('stopped.')),
      [],
    );
  }
});
