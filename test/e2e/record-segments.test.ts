/**
 * Segments: a source that numbers its frames is recorded in every format and by every kind of route at once, with readers
 * and a hook beside; then all files are decoded, and their frames, names, ledger and sound are held against what the
 * readers saw and what the source holds.
 *
 * `RELAY_LONG=1`: ten minutes instead of half of one.
 */
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { relay as runRelay } from '../support/relay.ts';
import { type Clip, clip } from './support/clips.ts';
import { type Life, type Returning, startReturning, timeOf } from './support/frame-times.ts';
import { answering, identity } from './support/hooks.ts';
import { beepOnsets, findGaps, flashOnsets, measureOffset, pairUp } from './support/measure.ts';
import { aliveWith } from './support/proc.ts';
import { type Scope, scope, until } from './support/process.ts';
import {
  complaints,
  decodeSegments,
  gapOf,
  gapsOf,
  holes,
  type RecordedFrame,
  type RecordedSegment,
  segmentsOf,
  visible,
} from './support/recordings.ts';
import { type Relay, startRelay } from './support/relay.ts';
import { soundBytes } from './support/sound-bytes.ts';

const seconds = process.env['RELAY_LONG'] === '1' ? 600 : 28;
const every = 5;
const fps = 25;
const frame = 1 / fps;

/** Seconds that a name may be away from its first frame's time. */
const nameLimit = 0.05;

/** ms, of the change of the offset between picture and sound. */
const syncLimit = 1;

/** AAC frames and pictures end together after 64 s: the loop has no seam. */
const common = { seconds: 64, period: 2 } as const;

interface Recorded {
  dir: string;
  route: string;
  segments: RecordedSegment[];
  frames: RecordedFrame[];
}

/** A folder for each kind of recording, named as in relay.yaml below. */
type Dirs = (name: string) => string;

async function config(s: Scope, made: Clip, rare: Clip, dir: Dirs) {
  const segments = (name: string, more: object = {}) => ({
    segments: { dir: dir(name), every: `${every}s`, name: '{unix}', ...more },
  });
  return {
    sources: {
      cam: { file: made.file, loop: true },
      rare: { file: rare.file, loop: true },
      mortal: { file: made.file, loop: true },
      own: { file: made.file, loop: true },
    },
    routes: {
      cam: {
        from: 'cam',
        to: [
          'cam',
          segments('cam'),
          segments('ts', { format: 'mpegts' }),
          segments('mkv', { format: 'mkv' }),
        ],
      },
      hooked: {
        from: 'cam',
        // A hook that is behind leaves out frames otherwise.
        hook: { ...(await identity(s, 'module')), whenBehind: 'block' },
        to: ['hooked', segments('hooked')],
      },
      encoded: {
        from: 'own',
        video: { codec: 'h264', gop: '2s' },
        to: ['encoded', segments('encoded')],
      },
      sound: { from: 'cam', video: 'none', to: ['sound', segments('sound')] },
      rare: { from: 'rare', to: ['rare', segments('rare')] },
      mortal: { from: 'mortal', to: ['mortal', segments('mortal')] },
    },
  };
}

/** Kills the ffmpeg of a source that has run long enough for two segments. */
async function killPublisher(relay: Relay, dir: string): Promise<void> {
  await until(() => segmentsOf(dir, 'mortal').length >= 1, { timeout: 20_000, what: 'a segment of mortal' });
  const pid = await relay.pidOf('source:mortal');
  process.kill(pid, 'SIGKILL');
  await relay.pidOf('source:mortal', pid);
}

async function recorded(s: Scope, dir: string, route: string, tracks?: 'audio'): Promise<Recorded> {
  const segments = await decodeSegments(s, dir, route, tracks);
  return { dir, route, segments, frames: segments.flatMap(({ frames }) => frames) };
}

/** Decoded together: each number once, in order, from the first that the publisher sent to the last that a reader saw. */
function judgeFrames(t: Test, { route, frames }: Recorded, loop: number, seen: Life): void {
  const gaps = findGaps(frames, loop);
  t.comment(`${route}: ${frames.length} frames from ${frames[0]?.counter}, ${gaps.length} holes or doubles`);
  t.same(gaps, [], `${route}: each frame once`);
  t.same(
    frames.filter(({ counter }) => counter === null),
    [],
    `${route}: nothing but footage`,
  );
  // A hook comes to a stream that flows already.
  if (route !== 'hooked') t.equal(frames[0]?.counter, 0, `${route}: from the first frame on`);
  const [first, last] = [frames[0]!, frames.at(-1)!];
  t.ok(first.wall < seen[0]!.wall + nameLimit, `${route}: the first frame of a reader is there`);
  const late = seen.at(-1)!.wall - last.wall;
  t.ok(late < frame / 2 + nameLimit, `${route}: the last frame of a reader is there, ${late} s`);
}

/** Names, ledger and files say the same, and it is true. */
function judgeNames(t: Test, { dir, route, segments }: Recorded, loop: number, seen: Life, step: number) {
  const starts = segments.map(({ file }) => Number(/^(\d+\.\d+)/.exec(basename(file))?.[1]));
  const errors = segments.map(({ frames }, index) => {
    const start = starts[index]!;
    return start - timeOf(seen, frames[0]!.counter!, start, loop, fps);
  });
  const worst = Math.max(...errors.map(Math.abs));
  t.comment(`${route}: names off by ${errors.map((error) => (error * 1000).toFixed(1)).join(' ')} ms`);
  t.ok(worst <= nameLimit, `${route}: names within 50 ms of the first frame, the first one too`);
  // The last is as long as it came to be.
  const steps = starts.slice(1).map((start, index) => start - starts[index]!);
  t.comment(`${route}: steps ${steps.map((one) => one.toFixed(3)).join(' ')} s`);
  t.ok(steps.length >= 2 && steps.every((one) => Math.abs(one - step) <= frame), `${route}: ${step} s each`);
  for (const { entry, file, frames } of segments) {
    const name = `${route}: ledger of ${basename(file)}`;
    t.equal(entry.frames, frames.length, `${name}: frames`);
    t.equal(entry.bytes, statSync(file).size, `${name}: bytes`);
    t.equal(entry.complete, true, `${name}: whole`);
  }
  // What is known of the time of a stream gets better while it flows, by some milliseconds.
  const seams = segments.slice(1).map(({ entry }, index) => entry.from - segments[index]!.entry.to);
  t.ok(Math.max(...seams.map(Math.abs)) < frame, `${route}: one begins where the other ends`);
  t.same(gapsOf(dir, route), [], `${route}: no gap in the ledger`);
}

/** Offsets of flash and beep within each file against those of the source. */
function judgeSync(t: Test, { route, segments }: Recorded, sourceMs: number): void {
  const changes = segments.flatMap(({ frames, sounds }) => {
    const flashes = flashOnsets(frames, true);
    return pairUp(flashes, beepOnsets(sounds), frames[0]!.pts).map(({ ms }) => ms - sourceMs);
  });
  const worst = Math.max(...changes.map(Math.abs));
  t.comment(`${route}: sync worst ${worst.toFixed(2)} ms of ${changes.length} pairs`);
  t.ok(changes.length >= segments.length, `${route}: ${changes.length} pairs`);
  t.ok(worst <= syncLimit, `${route}: sync ${worst} ms`);
}

/** The sound of all files together is a piece of the source's, byte for byte. */
async function judgeSound(t: Test, s: Scope, { route, segments }: Recorded, made: Clip): Promise<void> {
  const parts: Buffer[] = [];
  for (const { file } of segments) parts.push(await soundBytes(s, file));
  const all = Buffer.concat(parts);
  // What the encoder put before the first sample is not played again with each loop.
  const loops = ['-stream_loop', String(Math.ceil(seconds / made.seconds) + 1)];
  const source = await soundBytes(s, made.file, undefined, loops);
  t.ok(
    all.length > 10_000 && source.includes(all),
    `${route}: ${all.length} bytes of sound, none lost or twice`,
  );
}

async function judgeFiles(t: Test, s: Scope, { dir, route, segments }: Recorded): Promise<void> {
  t.same(
    visible(dir),
    segments.map(({ entry }) => entry.path).sort(),
    `${route}: the ledger knows every file, and no other`,
  );
  for (const { file } of segments) t.equal(await complaints(s, file), '', `${basename(file)} is whole`);
}

t.test('every frame once, by every kind of route', async (t) => {
  const s = scope(t);
  const dir: Dirs = (name) => join(s.dir, 'recordings', name);
  const made = await clip({ ...common, gop: 1 });
  const rare = await clip({ ...common, gop: 4 });
  const sourceMs = (await measureOffset(s, { url: made.file, seconds: 20 })).medianMs;
  const relay = await startRelay(s, await config(s, made, rare, dir));
  const seen = Object.fromEntries(
    ['cam', 'hooked', 'encoded', 'rare', 'mortal'].map((name): [string, Returning] => [
      name,
      startReturning(s, relay.rtmp(name), made.frames, fps),
    ]),
  );
  await answering(relay, 'hooked');
  const from = performance.now();
  await killPublisher(relay, dir('mortal'));
  await until(() => performance.now() - from > seconds * 1000, {
    timeout: (seconds + 5) * 1000,
    every: 200,
    what: `${seconds} s of recording`,
  });
  await relay.stop();
  t.same(aliveWith(relay.marker), [], 'no process is left');
  for (const reader of Object.values(seen)) await reader.stop();
  const lifeOf = (route: string): Life => seen[route]!.lives().sort((a, b) => b.length - a.length)[0]!;

  for (const [name, route, step] of [
    ['cam', 'cam', every],
    ['ts', 'cam', every],
    ['mkv', 'cam', every],
    ['hooked', 'hooked', every],
    ['encoded', 'encoded', every],
    ['rare', 'rare', 8],
  ] as const) {
    await t.test(name, async (t) => {
      const all = await recorded(s, dir(name), route);
      judgeFrames(t, all, made.frames, lifeOf(route));
      judgeNames(t, all, made.frames, lifeOf(route), step);
      judgeSync(t, all, sourceMs);
      await judgeFiles(t, s, all);
      if (name !== 'ts') await judgeSound(t, s, all, made);
    });
  }

  await t.test('sound alone', async (t) => {
    const all = await recorded(s, dir('sound'), 'sound', 'audio');
    const starts = all.segments.map(({ entry }) => entry.from);
    const steps = starts.slice(1).map((start, index) => start - starts[index]!);
    t.comment(`steps ${steps.map((one) => one.toFixed(3)).join(' ')} s`);
    t.ok(steps.length >= 2 && steps.every((one) => Math.abs(one - every) < 0.03), 'cut each 5 s');
    await judgeSound(t, s, all, made);
    await judgeFiles(t, s, all);
  });

  await t.test('a publisher that was killed', async (t) => {
    const all = await recorded(s, dir('mortal'), 'mortal');
    const missing = holes(all.frames, fps);
    const gaps = gapsOf(dir('mortal'), 'mortal');
    t.equal(missing.length, 1, 'one hole');
    t.equal(gaps.length, 1, 'one gap in the ledger');
    // Nobody knows how long the last picture would have been shown: up to three frames.
    const gap = gapOf(missing[0]!, gaps, 2 * frame + nameLimit);
    t.match(gap, { cause: 'publisher', reason: /SIGKILL/ }, 'which says when and why');
    t.comment(`gap of ${(gap!.to - gap!.from).toFixed(3)} s: ${gap!.cause}, ${gap!.reason}`);
    const [before, after] = [
      all.frames.filter(({ wall }) => wall < missing[0]!.to - frame / 2),
      all.frames.filter(({ wall }) => wall > missing[0]!.to - frame / 2),
    ];
    for (const [which, frames] of [
      ['before', before],
      ['after', after],
    ] as const) {
      t.same(findGaps(frames, made.frames), [], `each frame once ${which} it`);
      t.equal(frames[0]?.counter, 0, `from the first frame on ${which} it`);
    }
    const [first] = seen['mortal']!.lives();
    const lost = before.length - 1 - first!.at(-1)!.counter;
    t.ok(lost >= 0, `what a reader saw of the first life is there: ${lost}`);
    await judgeFiles(t, s, all);
  });

  await t.test('verify finds nothing to say', async (t) => {
    for (const route of ['cam', 'encoded', 'sound']) {
      const { code, out, err } = await runRelay(t, ['recordings', 'verify', route, '--config', relay.file]);
      t.equal(code, 0, `${route}: ${out}${err}`);
    }
  });
});
