/**
 * Snapshots of routes: one ffmpeg each reads the path as any reader does. Key frames need no other frame to be decoded,
 * so wherever they come often enough only they are.
 */
import type { Config } from '../config/config.ts';
import type { SnapshotsSpec } from '../record/types.ts';
import { pathInput } from './ffmpeg.ts';
import { type Outcome, pathsOf } from './jobs.ts';
import type { Arg, SnapshotUnit } from './types.ts';

/** Seconds between two pictures from which on the next key frame is near enough. */
const KEY_FRAMES_FROM = 5;

/** Pictures come this much (seconds) too early for their turn by rounding. */
const TOLERANCE = 0.02;

export function snapshotUnits(config: Config, all: Iterable<[string, Outcome]>): SnapshotUnit[] {
  return [...all].flatMap(([, outcome]) => {
    const read = readable(outcome);
    if (!read) return [];
    const sinks = read.route.to.filter((sink) => sink.kind === 'snapshots');
    return sinks.map((sink, index) => unit(config, read.route.name, read.path, sink, index));
  });
}

/** The path of a route with its picture; a route that is not planned yet gets its snapshots with all else. */
function readable(outcome: Outcome) {
  if ('passed' in outcome) return outcome.passed;
  if (!('job' in outcome) || !outcome.job.output.video) return undefined;
  const { route } = outcome.job;
  const path = pathsOf(route).find(({ select }) => select !== 'a')?.path;
  return path === undefined ? undefined : { route, path };
}

function unit(config: Config, route: string, path: string, sink: SnapshotsSpec, index: number): SnapshotUnit {
  const keys = keyFramesOnly(sink);
  return {
    id: `snapshots:${route}${index === 0 ? '' : `:${index + 1}`}`,
    kind: 'snapshots',
    routes: [route],
    args: [...decoder(keys), ...look, ...pathInput(config, path), ...pictures(sink), ...arrivals],
    reads: [path],
    sink,
    stall: config.stall,
    why: [`${route}: ${words(sink)} as JPEG in ${sink.dir}${keys ? '; only key frames are decoded' : ''}`],
  };
}

export function keyFramesOnly({ every }: SnapshotsSpec): boolean {
  return every.by === 'keyframes' || (every.by === 'time' && every.seconds >= KEY_FRAMES_FROM);
}

/** With one thread no picture waits for those after it, and a few pictures cost less than to part them among threads. */
const alone = ['-threads', '1'];

function decoder(keys: boolean): string[] {
  return ['-filter_threads', '1', ...(keys ? [...alone, '-skip_frame', 'nokey'] : [])];
}

/** The look at the stream ends with the first picture. Times stay as the server sends them. */
const look = ['-copyts', '-fpsprobesize', '0', '-analyzeduration', '15000000'];

/** Standard output: for each picture a line with its time and length, then the JPEG. */
function pictures(sink: SnapshotsSpec): Arg[] {
  const { size } = sink;
  const filters = [
    `select='${selection(sink)}'`,
    ...(size ? [`scale=${size.width}:${size.height}`] : []),
    'format=yuvj420p',
  ];
  return [
    ...[
      '-map',
      '0:v:0',
      '-filter:v',
      filters.join(','),
      '-c:v',
      'mjpeg',
      '-q:v',
      String(scale(sink.quality)),
      ...alone,
    ],
    ...['-fps_mode', 'passthrough', '-enc_time_base:v', '1:90000'],
    ...['-f', 'tee', '[f=framecrc:flush_packets=1]pipe:1|[f=mjpeg:flush_packets=1]pipe:1'],
  ];
}

/** Descriptor 3: a line for each of two packets of five as they arrive, before anything is decoded. */
const arrivals = [
  ...['-map', '0:v:0', '-c:v', 'copy', '-bsf:v', 'noise=amount=0:drop=gt(mod(n\\,5)\\,1)'],
  ...['-flush_packets', '1', '-f', 'framecrc', 'pipe:3'],
];

/** Which pictures are taken, as ffmpeg's `select` wants it. */
function selection(sink: SnapshotsSpec): string {
  const { every } = sink;
  if (every.by === 'frames') return `not(mod(n,${every.frames}))`;
  if (every.by === 'keyframes') return 'key';
  // Of a grid that begins with the first picture, so that late key frames don't add up.
  const turn = (time: string) => `floor((${time}-ld(0)+${TOLERANCE})/${every.seconds})`;
  const due = `if(isnan(prev_selected_t),1+0*st(0,t),gt(${turn('t')},${turn('prev_selected_t')}))`;
  return keyFramesOnly(sink) ? `key*${due}` : due;
}

/** 1 to 100 → ffmpeg's 31 (worst) to 2. */
function scale(quality: number): number {
  return Math.round(31 - ((quality - 1) * 29) / 99);
}

function words({ every, keep }: SnapshotsSpec): string {
  const kept = keep === undefined ? '' : `, kept for ${keep} s,`;
  if (every.by === 'keyframes') return `each key frame${kept}`;
  return every.by === 'frames'
    ? `each ${every.frames}th picture${kept}`
    : `a picture each ${every.seconds} s${kept}`;
}
