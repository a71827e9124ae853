/**
 * Clips whose every frame and every sound can be recognised after any transcode.
 *
 * The upper eight ninths of the picture are colour bars in motion; they turn white for two frames once
 * a period, and a 1 kHz beep of 80 ms starts at that very instant. The lowest ninth is a row of 16
 * blocks that carries the number of the frame (see counter.ts). Flash and beep come in the middle of a
 * period, away from the ends of the clip.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ffmpegPath } from './binaries.ts';
import { counterRow } from './counter.ts';

export interface ClipOptions {
  /** Rounded to whole periods. */
  seconds?: number;
  fps?: '25' | '30000/1001';
  /** Seconds from flash to flash, rounded to whole frames. Use 8 where the offset may pass half a second. */
  period?: 1 | 2 | 8;
  video?: 'h264' | 'mpeg4' | 'hevc';
  audio?: 'aac' | 'mp3' | 'opus' | 'alaw' | 'none';
  bFrames?: number;
  /** Seconds between key frames. */
  gop?: number;
  size?: '640x360' | '1280x720';
  /** Sound starts this much later than its flash, in ms: a clip that is wrong on purpose. */
  soundDelay?: number;
  /** Frames that are left out (their time passes all the same): a clip with holes. */
  without?: number[];
  /** Every seventh frame is left out, but none near a flash. */
  vfr?: boolean;
}

export interface Clip {
  file: string;
  frames: number;
  seconds: number;
  fps: number;
  /** Exact seconds from flash to flash. */
  period: number;
}

const SAMPLE_RATE = 48_000;

function containerOf(options: Required<ClipOptions>): string {
  if (options.video === 'mpeg4' || options.audio === 'mp3') return 'avi';
  if (options.video === 'hevc' || options.audio === 'opus' || options.audio === 'alaw') return 'mkv';
  return 'mp4';
}

function videoArgs(options: Required<ClipOptions>, gopFrames: number): string[] {
  const gop = ['-g', String(gopFrames), '-bf', String(options.bFrames)];
  switch (options.video) {
    case 'h264':
      return ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-sc_threshold', '0', ...gop];
    case 'hevc':
      return [
        ...['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', '28', '-g', String(gopFrames)],
        ...['-x265-params', `log-level=error:bframes=${options.bFrames}:keyint=${gopFrames}:scenecut=0`],
      ];
    case 'mpeg4':
      return ['-c:v', 'mpeg4', '-q:v', '4', ...gop];
  }
}

const audioArgs = {
  aac: ['-c:a', 'aac', '-b:a', '96k'],
  mp3: ['-c:a', 'libmp3lame', '-b:a', '128k'],
  opus: ['-c:a', 'libopus', '-b:a', '96k'],
  /** G.711, as cameras have it. */
  alaw: ['-c:a', 'pcm_alaw', '-ar', '8000'],
  none: [],
};

/** Makes the clip, or finds it in the cache of an earlier run. */
export async function clip(options: ClipOptions = {}): Promise<Clip> {
  const full: Required<ClipOptions> = {
    seconds: 60,
    fps: '25',
    period: 1,
    video: 'h264',
    audio: 'aac',
    bFrames: 0,
    gop: 1,
    size: '640x360',
    soundDelay: 0,
    without: [],
    vfr: false,
    ...options,
  };
  const [num, den] = full.fps === '25' ? [25, 1] : [30_000, 1001];
  const fps = num / den;
  const periodFrames = Math.round(full.period * fps);
  const frames = Math.max(1, Math.round((full.seconds * fps) / periodFrames)) * periodFrames;
  const result = { frames, seconds: frames / fps, fps, period: periodFrames / fps };

  const width = full.size === '640x360' ? 640 : 1280;
  const height = (width * 9) / 16;
  const strip = height / 9;
  const flashAt = Math.floor(periodFrames / 2);
  // One period is a whole number of samples for both frame rates.
  const periodSamples = (periodFrames * SAMPLE_RATE * den) / num;
  const beepAt = (flashAt * SAMPLE_RATE * den) / num + (full.soundDelay * SAMPLE_RATE) / 1000;
  const since = `mod(n-${beepAt}+${periodSamples}\\,${periodSamples})`;
  const beep = `0.6*sin(2*PI*1000*${since}/${SAMPLE_RATE})*lt(${since}\\,${SAMPLE_RATE * 0.08})`;
  const irregular = `eq(mod(n\\,7)\\,3)*gt(abs(mod(n\\,${periodFrames})-${flashAt})\\,3)`;
  const drop = full.vfr ? irregular : full.without.map((n) => `eq(n\\,${n})`).join('+');
  const filter = [
    `testsrc2=s=${width}x${height - strip}:r=${full.fps},format=yuv420p,drawbox=c=white:t=fill:enable='between(mod(n\\,${periodFrames})\\,${flashAt}\\,${flashAt + 1})'[bars]`,
    `[0:v]scale=${width}:${strip}:flags=neighbor,format=yuv420p[row]`,
    `[bars][row]vstack=shortest=1${drop === '' ? '' : `,select='not(${drop})'`}[v]`,
  ];
  if (full.audio !== 'none') filter.push(`aevalsrc='${beep}':s=${SAMPLE_RATE}:d=${result.seconds}[a]`);

  const args = [
    ...['-hide_banner', '-loglevel', 'error', '-y'],
    ...[
      '-f',
      'rawvideo',
      '-pixel_format',
      'gray',
      '-video_size',
      '16x1',
      '-framerate',
      full.fps,
      '-i',
      'pipe:0',
    ],
    ...['-filter_complex', filter.join(';'), '-map', '[v]'],
    ...(full.audio === 'none' ? [] : ['-map', '[a]', ...audioArgs[full.audio]]),
    ...videoArgs(full, Math.round(full.gop * fps)),
    ...['-fps_mode', drop !== '' ? 'passthrough' : 'cfr', '-threads', '2'],
  ];
  const rows = Buffer.concat(Array.from({ length: frames }, (_, n) => counterRow(n)));
  const file = await make(args, containerOf(full), rows);
  return { file, ...result };
}

/** A still picture of 640 x 360. */
export async function png(): Promise<string> {
  const args = ['-loglevel', 'error', '-y', '-f', 'lavfi', '-i', 'smptehdbars=s=640x360', '-frames:v', '1'];
  return make(args, 'png');
}

/** A still picture of 640 x 360 so rich in detail that its key frames have some 140 kB, and all that follows next to nothing. */
export async function detailedPng(): Promise<string> {
  const picture = 'testsrc2=s=640x360,noise=alls=60:all_seed=1';
  return make(['-loglevel', 'error', '-y', '-f', 'lavfi', '-i', picture, '-frames:v', '1'], 'png');
}

/** Half a minute of it, with a tone. */
export async function detailedClip(): Promise<string> {
  const picture = ['-loop', '1', '-framerate', '25', '-i', await detailedPng()];
  const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000', '-t', '30'];
  const codecs = ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-crf', '23', '-g', '50'];
  const args = [...picture, ...tone, ...codecs, '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '96k'];
  return make(['-loglevel', 'error', '-y', ...args], 'mp4');
}

/** Runs ffmpeg once for each list of arguments; the file appears whole or not at all. */
export async function make(args: string[], extension: string, stdin?: Buffer): Promise<string> {
  const sum = createHash('sha256').update(JSON.stringify(args));
  const hash = sum
    .update(stdin ?? '')
    .digest('hex')
    .slice(0, 16);
  const dir = join(tmpdir(), `relay-gateway-clips-${hash}`);
  const file = join(dir, `clip.${extension}`);
  if (existsSync(file)) return file;
  mkdirSync(dir, { recursive: true });
  const part = join(dir, `part-${process.pid}.${extension}`);
  const child = spawn(ffmpegPath(), [...args, part], { stdio: ['pipe', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdin.on('error', () => {});
  child.stdin.end(stdin ?? Buffer.alloc(0));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) {
    rmSync(part, { force: true });
    throw new Error(`ffmpeg could not make a clip: ${errors.trim()}`);
  }
  renameSync(part, file);
  return file;
}
