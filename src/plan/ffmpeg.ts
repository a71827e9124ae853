/** Jobs → ffmpeg processes. Jobs that share a source share its process, unless an encoder could hold a copy back. */
import type { Config } from '../config/config.ts';
import { kindOf, type Source } from '../kinds/sources/index.ts';
import type { Input } from '../kinds/sources/source.ts';
import { audioArgs, videoArgs } from './encode.ts';
import { feedArgs, feedInput, feedSink, feedWhy, workerId } from './hook.ts';
import type { Job } from './jobs.ts';
import { ingestOf, publishArgs, selected, teeArgs } from './publish.ts';
import type { Arg, Facts, FfmpegUnit } from './types.ts';

/** Packets of one track wait at most this long (µs) for those of the other before they are muxed. */
const interleave = ['-max_interleave_delta', '1000000'];

/** A path of the server as ffmpeg and ffprobe open it: by RTSP, which carries every codec, where the server speaks it. */
export function pathInput(config: Config, path: string): Arg[] {
  const silence = '10000000';
  return config.server.driver === 'node-media-server'
    ? ['-rw_timeout', silence, '-i', { read: path, by: 'rtmp' }]
    : ['-rtsp_transport', 'tcp', '-timeout', silence, '-i', { read: path, by: 'rtsp' }];
}

/**
 * An RTSP description says all that is needed to begin: without a look into the stream the first packet is used,
 * and two inputs start within some 20 ms of each other (each counts time from the moment at which it began to play).
 */
function read(config: Config, path: string): Arg[] {
  const described = config.server.driver === 'mediamtx';
  const blind = ['-fpsprobesize', '0', '-analyzeduration', '0', '-probesize', '32'];
  return [...(described ? blind : []), ...pathInput(config, path)];
}

/**
 * Parts the jobs of one source: those that read it, and those that rather read a path which is fed from it,
 * because a picture encoder that falls behind must not hold back a copy. Encoding sound costs next to nothing.
 * A hook must hold back nobody: without a path to read, it reads the source alone, but for a device, which
 * can be opened only once.
 */
export function share(
  jobs: Job[],
  source: Source,
): { together: Job[]; apart: { job: Job; path: string }[]; alone: Job[] } {
  const untouched = jobs.filter((job) => job.video.do !== 'encode' && job.audio.do !== 'encode');
  const pathFor = (job: Job) =>
    untouched.find(({ output }) => (output.video || !job.output.video) && (output.audio || !job.output.audio))
      ?.paths[0]?.path;
  const apart = jobs.flatMap((job) => {
    const path = job.video.do === 'encode' ? pathFor(job) : undefined;
    return path === undefined ? [] : [{ job, path }];
  });
  const rest = jobs.filter((job) => !apart.some((other) => other.job === job));
  const alone = source.kind === 'device' ? [] : rest.filter((job) => job.hook);
  return { together: rest.filter((job) => !alone.includes(job)), apart, alone };
}

/** The process that reads a source and feeds all of `jobs`. */
export function sourceUnit(
  config: Config,
  name: string,
  jobs: Job[],
  facts: Facts,
  id = `source:${name}`,
): FfmpegUnit {
  const source = config.sources[name]!;
  const kind = kindOf(source);
  const media = kind.media?.(source, facts.tools) ?? facts.media[name] ?? { tracks: [] };
  const input = kind.input!(source, media, facts.tools);
  const once = source.kind === 'file' && !source.loop;
  return {
    ...unit(config, facts, id, input.args, input, jobs, once ? 'once' : 'always'),
    source: name,
  };
}

/** The process that reads one path of the server. */
export function pathUnit(config: Config, path: string, job: Job, facts: Facts): FfmpegUnit {
  const input = { video: '0:v:0', audio: '0:a:0' };
  const [id, args] = job.hook
    ? [feedId(job), feedInput(path, job.input, speaksSrt(config, facts))]
    : [`route:${job.route.name}`, read(config, path)];
  return {
    ...unit(config, facts, id, args, input, [job], 'always'),
    reads: [path],
  };
}

/**
 * The process that puts the picture of one path and the sound of another together. Sources of their own have no
 * common clock but that of arrival at the server; docs/sync.md has how near that comes.
 */
export function mergeUnit(
  config: Config,
  paths: { video: string; audio: string },
  job: Job,
  facts: Facts,
): FfmpegUnit {
  const args = ['-copyts', ...read(config, paths.video), ...read(config, paths.audio)];
  const input = { video: '0:v:0', audio: '1:a:0' };
  return {
    ...unit(config, facts, job.hook ? feedId(job) : `merge:${job.route.name}`, args, input, [job], 'always'),
    reads: [paths.video, paths.audio],
  };
}

/** The process that feeds the hook of one route. */
export function feedId(job: Job): string {
  return `feed:${job.route.name}`;
}

function speaksSrt(config: Config, facts: Facts): boolean {
  return config.server.driver === 'mediamtx' && facts.tools.ffmpeg.protocols.includes('srt');
}

function unit(
  config: Config,
  facts: Facts,
  id: string,
  args: Arg[],
  input: Omit<Input, 'args'>,
  jobs: Job[],
  restart: 'always' | 'once',
): FfmpegUnit {
  const hooked = jobs.filter((job) => job.hook);
  return {
    id,
    kind: 'ffmpeg',
    routes: jobs.map((job) => job.route.name),
    args: [...args, ...jobs.flatMap((job) => outputs(config, facts, job, input))],
    publishes: jobs.flatMap((job) => (job.hook ? [] : job.paths.map(({ path }) => path))),
    reads: [],
    ...(hooked.length > 0 && { feeds: hooked.map(workerId) }),
    stall: config.stall,
    restart,
    why: [...(input.why ? [input.why] : []), ...jobs.flatMap(reasons)],
  };
}

function reasons(job: Job): string[] {
  return job.hook
    ? feedWhy(job)
    : [job.video, job.audio].flatMap((decision) =>
        'why' in decision ? [`${job.route.name}: ${decision.why}`] : [],
      );
}

/** The output arguments of one job: one output a path, or one encoder behind a tee. */
function outputs(config: Config, facts: Facts, job: Job, input: Omit<Input, 'args'>): Arg[] {
  if (job.hook) return [...feedArgs(job, input), ...interleave, ...feedSink(job)];
  const srt = speaksSrt(config, facts);
  const video =
    job.output.video && input.video
      ? ['-map', input.video, ...videoArgs(job.video, job.input.video, input.videoFilter)]
      : [];
  const audio =
    job.output.audio && input.audio
      ? ['-map', input.audio, ...audioArgs(job.audio, job.input.audio, input.audioFilter)]
      : [];
  const ends = job.inStep === true;
  const encodes = job.video.do === 'encode' || job.audio.do === 'encode';
  if (encodes && job.paths.length > 1) {
    return [...video, ...audio, ...interleave, ...teeArgs(job.paths, ingestOf(job.output, srt), ends)];
  }
  return job.paths.flatMap(({ path, select }): Arg[] => {
    const tracks = selected(job.output, select);
    const codecs = [...(tracks.video ? video : []), ...(tracks.audio ? audio : [])];
    return [...codecs, ...interleave, ...publishArgs(path, ingestOf(tracks, srt), ends)];
  });
}
