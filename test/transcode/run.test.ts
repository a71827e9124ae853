/** Real transcodes: no frame and no offset is lost, no half file stays, nothing is overwritten. */
import { execFile } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { probeMedia } from '../../src/observe/probe.ts';
import { findPlace } from '../../src/transcode/place.ts';
import { planTranscode } from '../../src/transcode/plan.ts';
import { type TranscodeOptions, transcode } from '../../src/transcode/run.ts';
import { readWish, type Typed } from '../../src/transcode/wish.ts';
import { createTether } from '../../src/units/tether.ts';
import { linuxTools } from '../support/facts.ts';

const exec = promisify(execFile);
const dir = t.testdir();
const tether = createTether();
t.teardown(() => tether.close());

const FRAMES = 270;
const tools = {
  ...linuxTools,
  ffmpeg: { ...linuxTools.ffmpeg, encoders: ['libx264', 'mpeg4', 'aac', 'libmp3lame'] },
};

async function makeAvi(name: string, bFrames: number, sound: string[]): Promise<string> {
  const file = join(dir, name);
  const inputs = [
    '-f',
    'lavfi',
    '-i',
    'testsrc2=size=320x240:rate=25',
    '-f',
    'lavfi',
    '-i',
    'sine=frequency=440:sample_rate=48000',
  ];
  const video = [
    '-frames:v',
    String(FRAMES),
    '-t',
    '10.8',
    '-c:v',
    'mpeg4',
    '-vtag',
    'XVID',
    '-q:v',
    '6',
    '-bf',
    String(bFrames),
  ];
  await exec('ffmpeg', ['-v', 'error', '-y', ...inputs, ...video, ...sound, file]);
  return file;
}

/** Presentation times of all decoded frames, and of the first sound. */
async function timesOf(file: string): Promise<{ pictures: number[]; sound: number | undefined }> {
  const entries = ['-show_entries', 'frame=media_type,pts_time', '-of', 'csv=p=0'];
  const { stdout } = await exec('ffprobe', ['-v', 'error', '-fflags', '+genpts', ...entries, file], {
    maxBuffer: 1 << 24,
  });
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const of = (type: string) => rows.filter(([kind]) => kind === type).map(([, time]) => Number(time));
  return { pictures: of('video'), sound: of('audio')[0] };
}

async function options(
  from: string,
  to: string,
  typed: Partial<Typed> = {},
  force = false,
): Promise<TranscodeOptions> {
  const wish = readWish({
    video: 'h264',
    audio: 'auto',
    preset: typed.video ? undefined : 'ultrafast',
    ...typed,
  });
  const place = await findPlace(from, to, force);
  const media = await probeMedia({ ffprobe: 'ffprobe', args: ['-i', `file:${place.input}`] });
  const plan = planTranscode(wish, { ...place, media, tools });
  return { ffmpeg: 'ffmpeg', place, plan, tether, signal: new AbortController().signal, onProgress() {} };
}

function nothingBut(t: Test, files: string[]): void {
  const partial = readdirSync(dir).filter((name) => name.includes('.partial-'));
  t.same(partial, [], 'no partial file');
  for (const file of files) t.ok(statSync(file).size > 0, basename(file));
}

t.test('XVID in AVI: each frame, its time and the sound', async (t) => {
  const plain = await makeAvi('plain.avi', 0, ['-c:a', 'ac3']);
  const reordered = await makeAvi('reordered.avi', 2, ['-c:a', 'libmp3lame']);
  const cases: [string, string, Partial<Typed>][] = [
    [plain, 'plain.mp4', {}],
    [plain, 'plain.ts', { audio: 'mp3' }],
    [plain, 'again.avi', { video: 'mpeg4' }],
    [reordered, 'reordered.mp4', {}],
    [reordered, 'aac.mkv', { audio: 'aac' }],
    [reordered, 'copied.mkv', { video: 'copy' }],
  ];
  for (const [from, to, typed] of cases) {
    const before = readFileSync(from);
    const done = await transcode(await options(from, join(dir, to), typed));
    t.equal(done.frames, FRAMES, to);
    t.equal(done.file, join(dir, to));
    t.same(done.complaints, []);
    t.equal(done.bytes, statSync(done.file).size);
    const [was, is] = await Promise.all([timesOf(from), timesOf(done.file)]);
    t.equal(is.pictures.length, FRAMES, `${to}: frames that can be decoded`);
    const offset = is.pictures[0]! - was.pictures[0]!;
    const worst = Math.max(...is.pictures.map((time, at) => Math.abs(time - was.pictures[at]! - offset)));
    t.ok(worst < 0.0011, `${to}: ${worst * 1000} ms`);
    // Encoded sound begins with what the encoder needs to get going, up to 25 ms early.
    t.ok(Math.abs(is.sound! - was.sound! - offset) < 0.026, `${to}: sound at ${is.sound}, offset ${offset}`);
    t.ok(before.equals(readFileSync(from)), 'the input is what it was');
  }
  nothingBut(
    t,
    cases.map(([, to]) => join(dir, to)),
  );
});

t.test('a varying frame rate stays as it varies', async (t) => {
  const from = join(dir, 'vfr.mkv');
  const pictures = [
    '-f',
    'lavfi',
    '-i',
    "testsrc2=size=160x120:rate=25:duration=4,select='lt(n,20)+gt(n,61)+eq(n,40)'",
  ];
  await exec('ffmpeg', ['-v', 'error', '-y', ...pictures, '-fps_mode', 'passthrough', '-c:v', 'mpeg4', from]);
  const { file } = await transcode(await options(from, join(dir, 'vfr.mp4')));
  const [was, is] = await Promise.all([timesOf(from), timesOf(file)]);
  t.ok(was.pictures.length > 50);
  t.same(
    is.pictures.map((time) => time.toFixed(3)),
    was.pictures.map((time) => time.toFixed(3)),
  );
});

t.test('size, rate and part', async (t) => {
  const typed = { size: '160x120', fps: '12.5', start: '2s', duration: '4s' };
  const { file, frames } = await transcode(
    await options(join(dir, 'plain.avi'), join(dir, 'part.mp4'), typed),
  );
  t.equal(frames, 50);
  const { tracks, duration } = await probeMedia({ ffprobe: 'ffprobe', args: ['-i', file] });
  t.match(tracks[0], { codec: 'h264', width: 160, height: 120, frameRate: '25/2' });
  t.match(duration?.toFixed(1), '4.0');
});

t.test('what is there stays, or is replaced as a whole', async (t) => {
  const from = join(dir, 'plain.avi');
  const to = join(dir, 'there.mp4');
  const typed = { duration: '200ms' };
  const late = await options(from, to, typed);
  writeFileSync(to, 'of somebody else');
  await t.rejects(findPlace(from, to, false), {
    code: 'RELAY_EXISTS',
    message: /there already/,
    hint: /--force/,
  });
  const done = await transcode(late);
  t.equal(done.file, join(dir, 'there-1.mp4'), 'taken meanwhile: another name');
  t.equal(readFileSync(to, 'utf8'), 'of somebody else');
  t.equal((await transcode(await options(from, to, typed, true))).file, to);
  t.ok(statSync(to).size > 1000);
  nothingBut(t, [to]);
});

t.test('the input is never the output, under no name', async (t) => {
  const from = join(dir, 'plain.avi');
  mkdirSync(join(dir, 'sub'));
  linkSync(from, join(dir, 'sub', 'hard.avi'));
  symlinkSync(from, join(dir, 'sub', 'soft.avi'));
  symlinkSync(join(dir, 'nowhere.avi'), join(dir, 'sub', 'dangling.avi'));
  for (const name of ['../plain.avi', 'hard.avi', 'soft.avi']) {
    await t.rejects(findPlace(from, join(dir, 'sub', name), true), { message: /is the input itself/ });
  }
  const cases: [string, string, RegExp][] = [
    [from, join(dir, 'sub', 'dangling.avi'), /there already/],
    [join(dir, 'none.avi'), join(dir, 'x.mp4'), /there is no file/],
    [join(dir, 'sub'), join(dir, 'x.mp4'), /is not a file/],
    [from, join(dir, 'none', 'x.mp4'), /there is no folder/],
    [from, join(dir, 'x.xyz'), /must end in \.mp4, /],
    [from, join(dir, 'x'), /must end in/],
  ];
  for (const [input, output, message] of cases) {
    const code = message.source.includes('already') ? 'RELAY_EXISTS' : 'RELAY_USAGE';
    await t.rejects(findPlace(input, output, false), { code, message });
  }
});

t.test('a transcode that is stopped or fails leaves nothing', async (t) => {
  const from = join(dir, 'plain.avi');
  const to = join(dir, 'gone.mp4');
  const stop = new AbortController();
  const begun = await options(from, to, { preset: 'veryslow' });
  const reason = new Error('stopped');
  const onProgress = () => stop.abort(reason);
  await t.rejects(transcode({ ...begun, signal: stop.signal, onProgress }), reason);
  await t.rejects(transcode({ ...begun, signal: AbortSignal.abort(reason) }), reason);
  await t.rejects(transcode({ ...begun, ffmpeg: '/nowhere/ffmpeg' }), { code: 'RELAY_UNIT_FAILED' });
  // Not more than 100 kB: what a full disk looks like.
  const full = join(dir, 'full.sh');
  writeFileSync(full, '#!/bin/sh\ntrap "" XFSZ\nulimit -f 100\nexec ffmpeg "$@"\n', { mode: 0o755 });
  await t.rejects(transcode({ ...begun, ffmpeg: full }), {
    message: /exit code 1; nothing was written\n.*File too large/s,
  });
  const empty = {
    ...begun,
    plan: { ...begun.plan, args: ['-f', 'lavfi', '-i', 'nullsrc', '-frames:v', '0', '-f', 'mp4'] },
  };
  await t.rejects(transcode(empty), { code: 'RELAY_UNIT_FAILED' });
  t.notOk(readdirSync(dir).includes('gone.mp4'));
  nothingBut(t, []);
});
