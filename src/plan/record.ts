import type { Config, Route } from '../config/config.ts';
import { isRecordSink, type RecordSink } from '../kinds/sinks/index.ts';
import { ratio, type VideoTrack } from '../media.ts';
import type { RecordedPath } from '../record/types.ts';
import { type Container, type Decision, type VideoEncode, whyNotRecorded } from './codecs.ts';
import { type Outcome, pathsOf } from './jobs.ts';
import { ringOf } from './keep-rings.ts';
import type { PathSpec, RecorderUnit } from './types.ts';

export const RECORDER_ID = 'recorder';

/** What is recorded of a route, and what a person may wonder about. */
export interface Recording {
  recorded?: RecordedPath;
  /** There is no picture by which footage could be told from the server's slate. */
  audioOnly?: true;
  why: string[];
}

export function recordSinks(route: Route): RecordSink[] {
  return route.to.filter(isRecordSink);
}

/** The server's own first, out of which all others are made. */
export function containersOf(route: Route): Container[] {
  const containers = recordSinks(route).map((sink): Container => {
    if (sink.kind === 'segments') return sink.format;
    if (sink.kind === 'clips' || sink.path.endsWith('.mp4')) return 'fmp4';
    return sink.path.endsWith('.mkv') ? 'mkv' : 'mpegts';
  });
  return containers.length > 0 ? [...new Set<Container>(['fmp4', ...containers])] : [];
}

/** Where the picture is encoded, a key frame comes wherever a segment is to end. */
export function exactCuts(
  route: Route,
  video: Decision<VideoEncode>,
  track: VideoTrack | undefined,
): Decision<VideoEncode> {
  const lengths = recordSinks(route).flatMap((sink) => (sink.kind === 'segments' ? [sink.every] : []));
  if (video.do !== 'encode' || lengths.length === 0) return video;
  const { settings } = video;
  const rate = settings.fps ?? ratio(track?.frameRate ?? '0/0');
  const every = common(lengths);
  // Of whole frames: what would begin between two pictures would be late by part of one, now and then.
  const frames = Math.round(every * rate);
  const exact = frames > 0 ? frames / rate : every;
  const gop = exact / Math.ceil(exact / settings.gop - 1e-6);
  const why = `${video.why}; a key frame each ${rounded(gop)} s, for segments of ${lengths.map(span).join(' and ')}`;
  return { ...video, settings: { ...settings, gop }, why };
}

/** The longest time that all of these are multiples of; the shortest of them, where that would be very short. */
function common(lengths: number[]): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  const all = lengths.map((length) => Math.round(length * 1000)).reduce(divisor);
  return all >= 1000 ? all / 1000 : Math.min(...lengths);
}

/** By the name of the route; routes that record nothing are not in it. */
export function recordings(config: Config, all: Iterable<[string, Outcome]>): Map<string, Recording> {
  const found = new Map<string, Recording>();
  for (const [name, outcome] of all) {
    const route = config.routes[name]!;
    const sinks = recordSinks(route);
    if (sinks.length > 0 && !('empty' in outcome)) found.set(name, recording(config, route, sinks, outcome));
  }
  return found;
}

function recording(
  config: Config,
  route: Route,
  sinks: RecordSink[],
  outcome: Exclude<Outcome, { empty: unknown }>,
): Recording {
  if (config.server.driver !== 'mediamtx') return { why: ['recording needs the driver mediamtx'] };
  const base = {
    path: 'passed' in outcome ? outcome.passed.path : pathsOf(route)[0]!.path,
    route: route.name,
    ring: ringOf(sinks[0]!),
    sinks,
  };
  // What is published or not known yet is recorded as it comes.
  if (!('job' in outcome)) return { recorded: base, why: [] };
  const { output, video } = outcome.job;
  const trouble = whyNotRecorded(output);
  if (trouble !== undefined) return { why: [`nothing of it can be recorded: ${trouble}`] };
  const gop = video.do === 'encode' && { gop: video.settings.gop };
  const recorded = { ...base, ...gop };
  if (output.video) return { recorded, why: [] };
  const why =
    'recorded without a picture: readers do not stay while it restarts, for silence would be recorded';
  return { recorded, audioOnly: true, why: [why] };
}

/** The paths with what the server must know to record them. */
export function withRecordings(paths: PathSpec[], found: Map<string, Recording>): PathSpec[] {
  const byPath = new Map([...found.values()].map((each) => [each.recorded?.path, each]));
  return paths.map((path) => {
    const { recorded, audioOnly } = byPath.get(path.name) ?? {};
    if (!recorded || recorded.route !== path.route) return path;
    return {
      ...path,
      ...(audioOnly && { alwaysAvailable: null }),
      record: { ring: recorded.ring },
    };
  });
}

/** One process records all routes; none where nothing is recorded. */
export function recorderUnits(found: Map<string, Recording>): RecorderUnit[] {
  const paths = [...found.values()].flatMap(({ recorded }) => (recorded ? [recorded] : []));
  if (paths.length === 0) return [];
  return [
    {
      id: RECORDER_ID,
      kind: 'recorder',
      routes: paths.map(({ route }) => route),
      paths,
      why: paths.flatMap(({ route, sinks }) => sinks.map((sink) => `${route}: ${words(sink)}`)),
    },
  ];
}

function words(sink: RecordSink): string {
  if (sink.kind === 'file') return `all of it in ${sink.path}`;
  const limits = [
    ...(sink.keep === undefined ? [] : [`kept for ${span(sink.keep)}`]),
    ...(sink.maxSize === undefined ? [] : [`at most ${size(sink.maxSize)}`]),
  ];
  const what =
    sink.kind === 'segments'
      ? `segments of ${span(sink.every)}`
      : `clips of ${sink.on.join(', ') || 'all events'}, from ${span(sink.before)} before to ${span(sink.after)} after,`;
  return [`${what} in ${sink.dir}`, ...limits].join(', ');
}

/** 604 800 → "7 d" */
function span(seconds: number): string {
  const units = { d: 86_400, h: 3600, min: 60 };
  const [unit, length] = Object.entries(units).find(
    ([, each]) => seconds >= each && seconds % each === 0,
  ) ?? ['s', 1];
  return `${rounded(seconds / length)} ${unit}`;
}

function size(bytes: number): string {
  const [unit, length] = Object.entries({ TiB: 1024 ** 4, GiB: 1024 ** 3, MiB: 1024 ** 2 }).find(
    ([, each]) => bytes >= each,
  ) ?? ['KiB', 1024];
  return `${rounded(bytes / length)} ${unit}`;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
