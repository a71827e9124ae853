import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { RingFile } from '../../src/record/mp4/reader.ts';
import { Timeline } from '../../src/record/mp4/timeline.ts';
import { writeFragmented } from '../../src/record/mp4/writer.ts';
import { startRecorder } from '../../src/record/recorder.ts';
import { patienceFor, remux } from '../../src/record/remux.ts';
import type { RecorderReport } from '../../src/record/types.ts';
import { halfSecond, header, VIDEO } from './mp4/ring-files.ts';

const run = promisify(execFile);
const START = 1_795_284_500;

t.test('a large file may take longer', (t) => {
  t.equal(patienceFor(0), 60_000);
  t.equal(patienceFor(3e9), 660_000, 'an hour of a camera on a slow disk');
  t.equal(patienceFor(1e15), 2 ** 31 - 1, 'a timer that is longer would be over at once');
  t.end();
});

t.test('pictures before the first key frame are kept', async (t) => {
  const dir = t.testdir();
  const whole = join(dir, 'whole.mp4');
  const picture = ['-f', 'lavfi', '-i', 'testsrc=s=160x120:r=25:d=2', '-c:v', 'libx264', '-g', '1000'];
  await run('ffmpeg', ['-v', 'error', ...picture, '-movflags', 'frag_keyframe+empty_moov', whole]);
  const read = new RingFile(whole);
  await read.begin();
  const samples = (await read.read(new Timeline())).samples.slice(10);
  await read.close();
  t.notOk(samples.some(({ key }) => key));
  const part = join(dir, 'part.mp4');
  const handle = await open(part, 'w');
  await writeFragmented(handle, { init: read.init!, samples, origin: 0.4, meta: {} });
  await handle.close();
  for (const [format, name] of [
    ['matroska', 'part.mkv'],
    ['mpegts', 'part.ts'],
  ] as const) {
    await remux({ ffmpeg: 'ffmpeg', signal: new AbortController().signal }, part, join(dir, name), format);
    const count = ['-count_packets', '-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0'];
    const { stdout } = await run('ffprobe', ['-v', 'error', ...count, join(dir, name)]);
    t.equal(Number.parseInt(stdout, 10), 40, name);
  }
});

t.test('sound without a place in MPEG-TS becomes AAC there', async (t) => {
  const dir = t.testdir();
  const made = join(dir, 'made.mov');
  const picture = ['-f', 'lavfi', '-i', 'testsrc=s=160x120:r=25:d=2', '-c:v', 'libx264', '-bf', '0'];
  const sound = ['-f', 'lavfi', '-i', 'sine=f=440:r=8000:d=2', '-c:a', 'pcm_s16be'];
  const inputs = [...picture.slice(0, 4), ...sound.slice(0, 4), ...picture.slice(4), ...sound.slice(4)];
  await run('ffmpeg', ['-v', 'error', ...inputs, '-movflags', 'frag_keyframe+empty_moov', made]);
  // As the server names it.
  const bytes = await readFile(made);
  bytes.write('ipcm', bytes.indexOf('twos'), 'latin1');
  const from = join(dir, 'pcm.mp4');
  await writeFile(from, bytes);
  for (const [format, name, codec] of [
    ['mpegts', 'pcm.ts', 'aac'],
    ['matroska', 'pcm.mkv', 'pcm_s16be'],
  ] as const) {
    const to = join(dir, name);
    await remux({ ffmpeg: 'ffmpeg', signal: new AbortController().signal }, from, to, format);
    const codecs = ['-v', 'error', '-show_entries', 'stream=codec_name', '-of', 'csv=p=0', to];
    const seen = (await run('ffprobe', codecs)).stdout.split(/\s+/);
    t.ok(seen.includes('h264') && seen.includes(codec), `${name}: ${seen}`);
    const volume = ['-hide_banner', '-i', to, '-map', '0:a', '-af', 'volumedetect', '-f', 'null', '-'];
    const { stderr } = await run('ffmpeg', volume);
    const [, samples] = /n_samples: (\d+)/.exec(stderr) ?? [];
    const [, mean] = /mean_volume: (\S+) dB/.exec(stderr) ?? [];
    t.ok(Math.abs(Number(samples) - 16_000) <= 2048, `${name}: ${samples} samples`);
    t.ok(Math.abs(Number(mean) + 21) < 3, `${name}: ${mean} dB`);
  }
});

t.test('the recorder ends while ffmpeg works: what is there stays MP4, and nothing is missing', async (t) => {
  const dir = t.testdir({
    out: { '.relay': { ring: { cam: {} } } },
    ffmpeg: '#!/bin/sh\n: > "$0.began"\nexec sleep 60\n',
  });
  const ffmpeg = join(dir, 'ffmpeg');
  await chmod(ffmpeg, 0o755);
  for (const number of [0, 1]) {
    const start = header({
      number,
      dts: BigInt(number) * 1_440_000_000n,
      ntp: BigInt(START) * 1_000_000_000n,
    });
    const parts = [0, 1, 2].map((n) => halfSecond(n));
    await writeFile(
      join(dir, 'out', '.relay', 'ring', 'cam', `10${number}-000000.mp4`),
      Buffer.concat([start, ...parts]),
    );
  }
  const reports: RecorderReport[] = [];
  const out = join(dir, 'out');
  const sink = { kind: 'segments', dir: out, every: 1.44, name: '{seq}', format: 'mkv' } as const;
  const path = { path: 'cam', route: 'cam', ring: join(out, '.relay', 'ring'), sinks: [sink] };
  const recorder = startRecorder(
    { ffmpeg, since: START, paths: [path] },
    { report: (report) => reports.push(report), now: () => START + 3 },
  );
  while (!existsSync(`${ffmpeg}.began`)) await new Promise((resolve) => setTimeout(resolve, 20));
  recorder.command({ type: 'server', up: false, at: START + 3 });
  await recorder.stop();
  t.match(
    reports.find(({ type }) => type === 'log'),
    { type: 'log', message: /a segment stays MP4: ffmpeg was not waited for/ },
  );
  t.match(
    reports.filter(({ type }) => type === 'segment'),
    [
      { path: '000000.mp4', frames: 36 },
      { path: '000001.mp4', frames: 36 },
    ],
  );
  t.strictSame((await readdir(out)).sort(), ['.relay', '000000.mp4', '000001.mp4']);
  t.strictSame(await readdir(join(out, '.relay', 'tmp')), []);
  for (const name of ['000000.mp4', '000001.mp4']) {
    const file = new RingFile(join(out, name));
    await file.begin();
    const { samples, whole } = await file.read(new Timeline());
    await file.close();
    t.ok(whole);
    t.equal(samples.filter(({ track }) => track === VIDEO).length, 36);
  }
});
