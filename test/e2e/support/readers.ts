/** The players that people use, each made to prove how many pictures it decoded and whether there was sound. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ffmpegPath, ffprobePath, find, pythonPath } from './binaries.ts';
import { inputArgsOf } from './decode.ts';
import { type Child, runOnce, type Scope, until } from './process.ts';

export type Reader = 'ffprobe' | 'vlc' | 'gstreamer' | 'opencv';

export interface Decoded {
  frames: number;
  /** Decoded blocks of sound; null: this reader knows no sound. */
  sounds: number | null;
  /** What the reader printed, for the message of a failed test. */
  output: string;
}

const TIMEOUT = 60_000;

/** Why a reader can't be used on this machine for this address; undefined: it can. */
export function missing(reader: Reader, url: string): string | undefined {
  switch (reader) {
    case 'ffprobe':
      return undefined;
    case 'gstreamer':
      return find('gst-launch-1.0') === undefined ? 'no gst-launch-1.0' : undefined;
    case 'opencv':
      return find(pythonPath()) === undefined ? 'no python3' : undefined;
    case 'vlc':
      if (find('vlc') === undefined) return 'no vlc';
      return url.startsWith('rtsp') && !vlcHasRtsp()
        ? 'this build of VLC has no RTSP client (Debian builds it without live555)'
        : undefined;
  }
}

/** VLC's RTSP client is a plugin of its own, which some distributions leave out. */
function vlcHasRtsp(): boolean {
  const dirs = ['/usr/lib', '/usr/lib64', '/usr/local/lib'].flatMap((root) => [root, ...entries(root)]);
  return dirs.some((dir) =>
    entries(join(dir, 'vlc/plugins/access')).some((name) => name.includes('live555')),
  );
}

function entries(dir: string): string[] {
  try {
    return readdirSync(dir).map((name) => join(dir, name));
  } catch {
    return [];
  }
}

/**
 * Reads until `frames` pictures are decoded. `sound: false`: the stream has none, so none is waited for.
 * Throws when the reader gets fewer.
 */
export async function decodeFrames(
  s: Scope,
  reader: Reader,
  url: string,
  frames = 100,
  options: { sound?: boolean } = {},
): Promise<Decoded> {
  const sound = options.sound ?? true;
  const result = await read(s, reader, url, frames, sound);
  const soundMissing = sound && result.sounds === 0;
  if (result.frames < frames || soundMissing) {
    const got = `${result.frames} of ${frames} frames, ${result.sounds} blocks of sound`;
    throw new Error(`${reader} got ${got} from ${url}:\n${result.output.slice(-3000)}`);
  }
  return result;
}

function read(s: Scope, reader: Reader, url: string, frames: number, sound: boolean): Promise<Decoded> {
  switch (reader) {
    case 'ffprobe':
      return byFfprobe(s, url, frames, sound);
    case 'vlc':
      return byVlc(s, url, frames, sound);
    case 'gstreamer':
      return byGstreamer(s, url, frames, sound);
    case 'opencv':
      return byOpencv(s, url, frames);
  }
}

async function byFfprobe(s: Scope, url: string, frames: number, sound: boolean): Promise<Decoded> {
  // Packets of both tracks are counted: with sound there are at most two for each picture at 25 a second.
  const packets = sound ? frames * 4 : frames + 5;
  const args = [
    ...['-v', 'error', ...inputArgsOf(url), '-count_frames', '-read_intervals', `%+#${packets}`],
    ...['-show_entries', 'stream=codec_type,codec_name,nb_read_frames', '-of', 'json', '-i', url],
  ];
  const { output } = await runOnce(s, ffprobePath(), args, { timeout: TIMEOUT });
  const json = output.slice(output.indexOf('{\n'), output.lastIndexOf('}') + 1) || '{}';
  const { streams = [] } = JSON.parse(json) as {
    streams?: { codec_type: string; nb_read_frames?: string }[];
  };
  const count = (type: string): number =>
    Number(streams.find((stream) => stream.codec_type === type)?.nb_read_frames ?? 0);
  return { frames: count('video'), sounds: count('audio'), output };
}

/** As root VLC refuses to run, so it becomes nobody. */
function spawnVlc(s: Scope, url: string): Child {
  const args = [
    ...['-v', '-I', 'oldrc', '--rc-fake-tty', '--no-color', '--stats', '--no-video-title-show'],
    ...['--vout', 'vdummy', '--aout', 'dummy', ...(url.startsWith('rtsp') ? ['--rtsp-tcp'] : []), url],
  ];
  const env = { ...process.env, HOME: '/nonexistent', DISPLAY: '' };
  const options = { name: 'vlc', stdin: 'pipe' as const, env };
  if (process.getuid?.() !== 0) return s.spawn('vlc', args, options);
  return s.spawn('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'vlc', ...args], options);
}

async function byVlc(s: Scope, url: string, frames: number, sound: boolean): Promise<Decoded> {
  const child = spawnVlc(s, url);
  child.process.stdin!.on('error', () => {});
  const last = (name: string): number => {
    const all = [...child.output().matchAll(new RegExp(`${name} *: *(\\d+)`, 'g'))];
    return Number(all.at(-1)?.[1] ?? 0);
  };
  // Displayed and played: what went all the way through decoder and clock.
  const enough = (): boolean => last('frames displayed') >= frames && (!sound || last('buffers played') > 0);
  await until(
    () => {
      if (child.exit() !== undefined || enough()) return true;
      child.process.stdin!.write('stats\n');
      return false;
    },
    { timeout: TIMEOUT, every: 500, what: 'VLC' },
  ).catch(() => undefined);
  const output = child.output();
  const decoded = { frames: last('frames displayed'), sounds: last('buffers played'), output };
  if (child.exit() === undefined) child.process.stdin!.write('quit\n');
  await child.stop(1000);
  return decoded;
}

async function byGstreamer(s: Scope, url: string, frames: number, sound: boolean): Promise<Decoded> {
  const rtsp = url.startsWith('rtsp');
  const source = rtsp
    ? ['rtspsrc', `location=${url}`, 'protocols=tcp', 'name=s']
    : ['uridecodebin', `uri=${url}`, 'name=s'];
  const branch = (kind: 'video' | 'audio'): string[] => [
    ...['s.', '!', rtsp ? `application/x-rtp,media=${kind}` : `${kind}/x-raw`],
    ...(rtsp ? ['!', 'decodebin'] : []),
    ...['!', 'queue', '!', 'identity', `name=${kind}`, 'silent=false'],
    ...['!', 'fakesink', 'sync=false', 'async=false'],
  ];
  const args = [...['-v', '--no-fault', ...source], ...branch('video'), ...(sound ? branch('audio') : [])];
  const child = s.spawn('gst-launch-1.0', args, { name: 'gst-launch-1.0', rawStdout: true });
  let text = '';
  const counts = { video: 0, audio: 0 };
  child.process.stdout!.on('data', (chunk: Buffer) => {
    const parts = (text + chunk.toString('latin1')).split('\n');
    text = parts.pop() ?? '';
    for (const line of parts) {
      if (line.includes('chain   ******* (video:sink)')) counts.video += 1;
      if (line.includes('chain   ******* (audio:sink)')) counts.audio += 1;
    }
    // The stream has no end.
    if (counts.video >= frames && (!sound || counts.audio > 0)) child.kill('SIGINT');
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT);
  await child.exited;
  clearTimeout(timer);
  return { frames: counts.video, sounds: counts.audio, output: child.output() };
}

const opencvProgram = `
import os, sys
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
import cv2
capture = cv2.VideoCapture(sys.argv[1], cv2.CAP_FFMPEG)
count = 0
while count < int(sys.argv[2]):
    ok, frame = capture.read()
    if not ok or frame.size == 0:
        break
    count += 1
print("frames", count)
`;

async function byOpencv(s: Scope, url: string, frames: number): Promise<Decoded> {
  const { output } = await runOnce(s, pythonPath(), ['-c', opencvProgram, url, String(frames)], {
    timeout: TIMEOUT,
  });
  return { frames: Number(/frames (\d+)/.exec(output)?.[1] ?? 0), sounds: null, output };
}

/** Codec names of a stream's tracks, as ffmpeg sees them, e.g. ["h264", "aac"]. */
export async function tracksOf(s: Scope, url: string): Promise<string[]> {
  const args = [
    '-v',
    'error',
    ...inputArgsOf(url),
    '-show_entries',
    'stream=codec_name',
    '-of',
    'csv=p=0',
    '-i',
    url,
  ];
  const { output } = await runOnce(s, ffprobePath(), args, { timeout: TIMEOUT });
  return output.split('\n').filter((line) => /^[a-z0-9_]+$/.test(line));
}

/** Runs a bare ffmpeg to its end, for tests that record or compare. */
export async function ffmpeg(s: Scope, args: string[], timeout = TIMEOUT): Promise<string> {
  const { code, signal, output } = await runOnce(
    s,
    ffmpegPath(),
    ['-nostdin', '-y', '-v', 'error', ...args],
    {
      timeout,
    },
  );
  if (code !== 0) throw new Error(`ffmpeg ended with ${code ?? signal}: ${output.slice(-2000)}`);
  return output;
}
