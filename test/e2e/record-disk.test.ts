/**
 * Disks that are full, read-only, out of inodes or prepared by somebody who means ill: the live stream loses nothing,
 * nothing outside the folder is touched, what could not be recorded is a gap with its cause, and recording goes on
 * by itself. The clock that is set is tested in our own code (test/record).
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Clip, clip } from './support/clips.ts';
import { type GapMeter, startGapMeter } from './support/gap-meter.ts';
import { findGaps } from './support/measure.ts';
import { type Scope, scope, until } from './support/process.ts';
import {
  complaints,
  decodeSegments,
  empty,
  gapOf,
  gapsOf,
  holes,
  segmentsOf,
  visible,
} from './support/recordings.ts';
import { type Relay, startRelay } from './support/relay.ts';
import { type SmallDisk, smallDisk } from './support/small-disk.ts';

// They mostly wait for footage to pass.
t.jobs = 2;
const besides = { buffered: true };

const fps = 25;
const every = 2;

/** Media that passes while a disk is in trouble. */
const troubleSeconds = 5;

async function source(): Promise<{ made: Clip; sources: Record<string, unknown> }> {
  const made = await clip({ seconds: 64, period: 2, gop: 1 });
  return { made, sources: { cam: { file: made.file, loop: true } } };
}

/** Lets so much footage pass a reader. */
async function pass(reader: GapMeter, seconds: number): Promise<void> {
  const wanted = reader.footage().length + seconds * fps;
  await until(() => reader.footage().length >= wanted, {
    timeout: seconds * 2000 + 5000,
    what: `${seconds} s of footage at the reader`,
  });
}

async function segmentAfter(dir: string, route: string, time: number, what: string): Promise<void> {
  await until(() => segmentsOf(dir, route).some(({ from }) => from > time), { timeout: 30_000, what });
}

const now = (): number => Date.now() / 1000;

function judgeLive(t: Test, reader: GapMeter, made: Clip): void {
  t.ok(reader.connected(), 'the reader was never cut');
  t.same(reader.lost(made.frames), [], `it lost none of ${reader.footage().length} frames`);
  t.equal(reader.slates(), 0, 'and saw no slate');
}

/** Each frame once; each hole is in the ledger with its cause, and the ledger has no other. */
async function judgeRecording(
  t: Test,
  s: Scope,
  dir: string,
  { made, causes }: { made: Clip; causes: RegExp },
): Promise<void> {
  const segments = await decodeSegments(s, dir, 'cam', 'video');
  const frames = segments.flatMap((segment) => segment.frames);
  const missing = holes(frames, fps);
  const gaps = gapsOf(dir, 'cam');
  for (const { from, to, cause, reason } of gaps) {
    t.comment(`gap of ${(to - from).toFixed(2)} s: ${cause}, ${reason}`);
  }
  for (const hole of missing) {
    const gap = gapOf(hole, gaps);
    t.ok(gap !== undefined && causes.test(gap.cause), `a hole of ${hole.to - hole.from} s: ${gap?.cause}`);
  }
  t.equal(gaps.length, missing.length, `${missing.length} holes, as many gaps in the ledger`);
  t.equal(findGaps(frames, made.frames).filter((gap) => gap.missing < 0).length, 0, 'no frame twice');
  for (const { file } of segments) t.equal(await complaints(s, file), '', `${file} is whole`);
}

async function troubled(
  t: Test,
  s: Scope,
  trouble: (disk: SmallDisk, pass: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const disk = await smallDisk(s, 8 * 1024 * 1024);
  if (disk === undefined) return void t.pass('a small disk', { skip: 'only root may mount one' });
  const { made, sources } = await source();
  const dir = join(disk.dir, 'rec');
  const relay = await startRelay(s, {
    sources,
    routes: { cam: { from: 'cam', to: ['cam', { segments: { dir, every: `${every}s` } }] } },
  });
  const reader = startGapMeter(s, relay.rtmp('cam'));
  await until(() => segmentsOf(dir, 'cam').length > 0, { timeout: 20_000, what: 'a first segment' });
  const began = now();
  await trouble(disk, () => pass(reader, troubleSeconds));
  await segmentAfter(dir, 'cam', now(), 'a segment after the trouble');
  t.comment(`back ${(segmentsOf(dir, 'cam').at(-1)!.to - began).toFixed(1)} s after it began`);
  judgeLive(t, reader, made);
  await relay.stop();
  await reader.stop();
  t.same(empty(dir), [], 'no empty file is left');
  await judgeRecording(t, s, dir, { made, causes: /^disk-/ });
}

t.test('a disk that is full', besides, async (t) =>
  troubled(t, scope(t), async (disk, pass) => {
    disk.fill();
    await pass();
    disk.free();
  }),
);

t.test('a disk without inodes', besides, async (t) =>
  troubled(t, scope(t), async (disk, pass) => {
    disk.fillInodes();
    await pass();
    disk.free();
  }),
);

t.test('a disk that is full, then read-only', besides, async (t) =>
  troubled(t, scope(t), async (disk, pass) => {
    disk.fill();
    await pass();
    // Nobody writes to a full disk any more, so that it can be remounted.
    await until(() => disk.readOnly(true), { what: 'a disk that nobody writes to' });
    await pass();
    await disk.readOnly(false);
    disk.free();
  }),
);

t.test('a disk that is read-only from the start', besides, async (t) => {
  const s = scope(t);
  const disk = await smallDisk(s, 8 * 1024 * 1024);
  if (disk === undefined) return void t.pass('a small disk', { skip: 'only root may mount one' });
  const { made, sources } = await source();
  const dir = join(disk.dir, 'rec');
  await disk.readOnly(true);
  const relay = await startRelay(s, {
    sources,
    routes: { cam: { from: 'cam', to: ['cam', { segments: { dir, every: `${every}s` } }] } },
  });
  const reader = startGapMeter(s, relay.rtmp('cam'));
  await pass(reader, troubleSeconds);
  t.same(visible(disk.dir), [], 'nothing is there');
  await disk.readOnly(false);
  await segmentAfter(dir, 'cam', now(), 'a segment');
  judgeLive(t, reader, made);
  await relay.stop();
});

/** A folder that nobody may touch, with a file in it. */
function outside(s: Scope): { dir: string; unchanged(): boolean } {
  const dir = join(s.dir, 'outside');
  mkdirSync(dir);
  writeFileSync(join(dir, 'precious'), 'precious');
  return {
    dir,
    unchanged: () =>
      readdirSync(dir).join() === 'precious' && readFileSync(join(dir, 'precious'), 'utf8') === 'precious',
  };
}

async function recordInto(
  s: Scope,
  dir: string,
  name?: string,
): Promise<{ relay: Relay; made: Clip; reader: GapMeter }> {
  const { made, sources } = await source();
  const segments = { dir, every: `${every}s`, ...(name && { name }) };
  const relay = await startRelay(s, { sources, routes: { cam: { from: 'cam', to: ['cam', { segments }] } } });
  return { relay, made, reader: startGapMeter(s, relay.rtmp('cam')) };
}

t.test('names that are taken: by files, by links to elsewhere, by links to nothing', besides, async (t) => {
  const s = scope(t);
  const other = outside(s);
  const dir = join(s.dir, 'rec');
  mkdirSync(dir);
  const planted = [0, 1, 2, 3].map((seq) => `00000${seq}.mp4`);
  symlinkSync(join(other.dir, 'precious'), join(dir, planted[0]!));
  symlinkSync(join(other.dir, 'precious'), join(dir, planted[1]!));
  symlinkSync(join(other.dir, 'nothing'), join(dir, planted[2]!));
  writeFileSync(join(dir, planted[3]!), 'mine');
  const { relay, made, reader } = await recordInto(s, dir, '{seq}');
  await until(() => segmentsOf(dir, 'cam').length >= 4, { timeout: 30_000, what: 'four segments' });
  judgeLive(t, reader, made);
  await relay.stop();
  t.ok(other.unchanged(), 'nothing outside was touched');
  t.equal(readFileSync(join(dir, planted[3]!), 'utf8'), 'mine', 'nothing was overwritten');
  t.equal(
    segmentsOf(dir, 'cam').filter(({ path }) => planted.includes(path)).length,
    0,
    'other names were taken',
  );
  await judgeRecording(t, s, dir, { made, causes: /never/ });
});

t.test("a link in the place of the recorder's own folder", besides, async (t) => {
  const s = scope(t);
  const other = outside(s);
  const dir = join(s.dir, 'rec');
  mkdirSync(dir);
  symlinkSync(other.dir, join(dir, '.relay'));
  const { relay, made, reader } = await recordInto(s, dir);
  await pass(reader, troubleSeconds);
  judgeLive(t, reader, made);
  t.match(relay.child().output(), /link/, 'the log says what is wrong');
  await relay.stop();
  t.ok(other.unchanged(), 'nothing outside was touched');
  t.same(visible(dir), [], 'nothing was recorded');
});

t.test('a folder that becomes a link while it is recorded to', besides, async (t) => {
  const s = scope(t);
  const other = outside(s);
  const dir = join(s.dir, 'rec');
  const { relay, made, reader } = await recordInto(s, dir);
  await until(() => segmentsOf(dir, 'cam').length >= 2, { timeout: 20_000, what: 'two segments' });
  renameSync(dir, join(s.dir, 'moved'));
  symlinkSync(other.dir, dir);
  await pass(reader, troubleSeconds * 2);
  judgeLive(t, reader, made);
  await relay.stop();
  t.ok(other.unchanged(), 'nothing outside was touched');
});
