/**
 * A hooked route is two processes: an ffmpeg hands picture and sound on as they come, and a worker shows the pictures
 * to the hook, encodes them and publishes both. A hook that hangs holds back its own feed and nothing else.
 */
import type { Config } from '../config/config.ts';
import type { Input } from '../kinds/sources/source.ts';
import { isPicture } from './codecs.ts';
import { audioArgs, plain } from './encode.ts';
import type { Job } from './jobs.ts';
import { ingestOf, selected, type Tracks } from './publish.ts';
import type { Arg, WorkerUnit } from './types.ts';

export function workerId(job: Job): string {
  return `hook:${job.route.name}`;
}

/** A path as a feed reads it: by a protocol that has one clock for picture and sound from the first packet on. */
export function feedInput(path: string, tracks: Tracks, srt: boolean): Arg[] {
  const by = ingestOf(tracks, srt);
  const url = { read: path, by };
  if (by === 'rtsp') return ['-rtsp_transport', 'tcp', '-timeout', '10000000', '-i', url];
  // The look at the stream ends with the first picture of the path; -scan_all_pmts 0: not only after all of its time.
  const look = ['-fpsprobesize', '0', '-analyzeduration', '15000000'];
  return by === 'srt'
    ? ['-f', 'mpegts', '-scan_all_pmts', '0', ...look, '-i', url]
    : [...look, '-rw_timeout', '10000000', '-i', url];
}

/** What no container carries from here to there as it is. */
function isRaw(job: Job, input: Omit<Input, 'args'>): boolean {
  const codec = job.input.video?.codec ?? 'rawvideo';
  return codec === 'rawvideo' || input.videoFilter !== undefined || (isPicture(codec) && codec !== 'mjpeg');
}

/** One output with all tracks, whatever the paths of the route are: the worker parts them. */
export function feedArgs(job: Job, input: Omit<Input, 'args'>): Arg[] {
  const filters = [input.videoFilter, plain].filter((part) => part !== undefined).join(',');
  const video = isRaw(job, input)
    ? ['-filter:v', filters, '-c:v', 'rawvideo', '-fps_mode', 'passthrough', '-enc_time_base:v', '1:90000']
    : ['-c:v', 'copy'];
  const audio =
    job.output.audio && input.audio
      ? ['-map', input.audio, ...audioArgs(job.audio, job.input.audio, input.audioFilter)]
      : [];
  return ['-map', input.video ?? '0:v:0', ...video, ...audio];
}

export function feedSink(job: Job): Arg[] {
  return ['-flush_packets', '1', '-f', 'nut', { feed: workerId(job) }];
}

export function feedWhy(job: Job): string[] {
  const { name } = job.route;
  return [
    `${name}: pictures go to its hook as they come`,
    ...('why' in job.audio ? [`${name}: ${job.audio.why}`] : []),
  ];
}

/** The process that runs the hook and publishes the route. */
export function workerUnit(config: Config, job: Job): WorkerUnit {
  if (!job.hook || job.video.do !== 'encode') throw new TypeError(`${job.route.name} has no hook`);
  return {
    id: workerId(job),
    kind: 'worker',
    routes: [job.route.name],
    hook: job.hook,
    video: job.video.settings,
    // libav of the worker always speaks SRT.
    outputs: job.paths.map(({ path, select }) => ({
      publish: path,
      by: ingestOf(selected(job.output, select), true),
      ...(select && { select }),
    })),
    publishes: job.paths.map(({ path }) => path),
    reads: [],
    stall: config.stall,
    why: [`${job.route.name}: ${job.video.why}`],
  };
}
