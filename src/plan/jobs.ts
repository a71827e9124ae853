/**
 * Routes → jobs: for each route where its picture and sound come from, what becomes of them and
 * which paths they go to. The graph is followed here; ffmpeg.ts turns jobs into processes.
 */
import type { Config, Protocol, Route } from '../config/config.ts';
import type { HookSpec } from '../hooks/spec.ts';
import { kindOf, type Source } from '../kinds/sources/index.ts';
import { type AudioTrack, audioOf, type Media, type VideoTrack, videoOf } from '../media.ts';
import {
  type AudioEncode,
  type Decision,
  decideAfterHook,
  decideAudio,
  decideVideo,
  isPicture,
  type Needs,
  type VideoEncode,
} from './codecs.ts';
import { encodedAudio } from './encode.ts';
import type { Tracks } from './publish.ts';
import { containersOf, exactCuts } from './record.ts';
import type { Facts } from './types.ts';

/** Where a job reads: a source by itself, or paths of the server. */
export type Origin =
  | { at: 'source'; source: string }
  | { at: 'path'; path: string }
  | { at: 'paths'; video: string; audio: string };

export interface Job {
  route: Route;
  origin: Origin;
  /** Tracks at the origin, as far as this route uses them. */
  input: Tracks;
  video: Decision<VideoEncode>;
  audio: Decision<AudioEncode>;
  /** Tracks that readers get. */
  output: Tracks;
  paths: { path: string; select?: 'v' | 'a' }[];
  remotes: string[];
  /**
   * Its pictures say where they end, so that they are in step with sound. Not where there is none, and not where a
   * large one may come before a tiny one: it can't say so, and the server loses it before one that does (docs/sync.md).
   */
  inStep?: true;
  /** Sees the picture before it is encoded; absent where there is no picture. */
  hook?: HookSpec;
  /** The one source that all of it stems from, and what was done to its tracks since; absent behind a hook. */
  root?: Root;
}

export interface Root {
  source: string;
  input: Tracks;
  /** undefined: encoded more than once. */
  video: Decision<VideoEncode> | undefined;
  audio: Decision<AudioEncode> | undefined;
}

/** A route that can't be planned yet: its source has not said what it holds. */
export interface Waiting {
  route: Route;
  source: string;
  /** The path to look at, for a source that others publish. */
  path?: string;
}

/** A path that a user publishes to and that is served as it comes. */
export interface Passed {
  route: Route;
  path: string;
  remotes: string[];
}

/** A route of which nothing is left: its source has only what the route leaves out. */
export interface Empty {
  route: Route;
}

export type Outcome = { job: Job } | { waiting: Waiting } | { passed: Passed } | { empty: Empty };

export function publishPath(name: string, source: Extract<Source, { kind: 'publish' }>): string {
  return source.path ?? name;
}

/** Protocols that readers may use. */
export function readers(config: Config): Protocol[] {
  if (config.server.driver === 'node-media-server') return ['rtmp'];
  const listen = Object.entries(config.server.listen) as [Protocol, unknown][];
  return listen.filter(([, address]) => address).map(([protocol]) => protocol);
}

/** Paths that a route serves; the first carries all its tracks. */
export function pathsOf(route: Route): Job['paths'] {
  const own = route.to.flatMap((sink) => (sink.kind === 'path' ? [{ path: sink.path }] : []));
  const split = [
    { path: `${route.name}/video`, select: 'v' as const },
    { path: `${route.name}/audio`, select: 'a' as const },
  ];
  return route.split ? [...own, ...split] : own;
}

function remotesOf(route: Route): string[] {
  return route.to.flatMap((sink) => (sink.kind === 'remote' ? [sink.url] : []));
}

function mediaOf(name: string, source: Source, facts: Facts): Media | undefined {
  return kindOf(source).media?.(source, facts.tools) ?? facts.media[name];
}

const copies = (job: Job) => job.video.do !== 'encode' && job.audio.do !== 'encode';

/** Follows every route to its origin. The config has no cycles and no unknown names: the loader has seen to that. */
export function outcomes(config: Config, facts: Facts): Map<string, Outcome> {
  const known = new Map<string, Outcome>();
  /** Routes whose picture is put together with sound again. */
  const merged = new Set(
    Object.values(config.sources).flatMap((source) =>
      source.kind === 'merge' ? [referred(config, source.video).route] : [],
    ),
  );
  const visit = (name: string): Outcome => {
    const seen = known.get(name);
    if (seen) return seen;
    const outcome = cutExactly(follow(config.routes[name]!));
    known.set(name, outcome);
    return outcome;
  };

  const follow = (route: Route): Outcome => {
    const source = config.sources[route.from];
    if (!source) return afterRoute(route, visit(route.from));
    if (source.kind === 'merge') return merge(route, source);
    if (source.kind === 'publish') return published(route, route.from, publishPath(route.from, source));
    const media = mediaOf(route.from, source, facts);
    if (!media) return { waiting: { route, source: route.from } };
    return job(route, { at: 'source', source: route.from }, { video: videoOf(media), audio: audioOf(media) });
  };

  const published = (route: Route, source: string, path: string): Outcome => {
    const untouched =
      !route.hook && [route.video, route.audio].every(({ mode }) => mode === 'auto' || mode === 'copy');
    const paths = pathsOf(route);
    if (untouched && paths.length === 1 && paths[0]?.path === path) {
      return { passed: { route, path, remotes: remotesOf(route) } };
    }
    const media = facts.media[source];
    if (!media) return { waiting: { route, source, path } };
    return job(route, { at: 'path', path }, { video: videoOf(media), audio: audioOf(media) });
  };

  /** From another route: a copy of a copy reads the same source, everything else reads the other route's path. */
  const afterRoute = (route: Route, before: Outcome): Outcome => {
    if ('waiting' in before) return { waiting: { ...before.waiting, route } };
    if ('empty' in before) return { empty: { route } };
    if ('passed' in before) return published(route, before.passed.route.from, before.passed.path);
    const path = before.job.paths[0]!.path;
    const next = job(route, { at: 'path', path }, before.job.output, before.job.root);
    const fused =
      'job' in next && before.job.origin.at === 'source' && copies(before.job) && copies(next.job);
    return fused ? { job: { ...next.job, origin: before.job.origin } } : next;
  };

  const merge = (route: Route, source: Extract<Source, { kind: 'merge' }>): Outcome => {
    const video = referred(config, source.video);
    const audio = referred(config, source.audio);
    const first = visit(video.route);
    const second = visit(audio.route);
    if ('waiting' in first) return { waiting: { ...first.waiting, route } };
    if ('waiting' in second) return { waiting: { ...second.waiting, route } };
    for (const outcome of [first, second]) {
      if (!('passed' in outcome) || facts.media[outcome.passed.route.from]) continue;
      return { waiting: { route, source: outcome.passed.route.from, path: outcome.passed.path } };
    }
    const input = { video: outputOf(first, facts).video, audio: outputOf(second, facts).audio };
    // What one hooked route serves is on one clock, as long as it is read together.
    const whole = first === second && 'job' in first && first.job.hook && first.job.paths[0]!.path;
    // A path that has nothing to give is not waited for.
    const origin: Origin =
      input.video && input.audio && !whole
        ? { at: 'paths', video: video.path, audio: audio.path }
        : { at: 'path', path: whole || (input.video ? video.path : audio.path) };
    const apart = job(route, origin, input);
    if ('empty' in apart) return apart;
    const root = commonRoot(first, second, apart.job);
    // Picture and sound of one source share its clock as long as nobody parts them: so they are not parted.
    return root
      ? {
          job: {
            ...apart.job,
            origin: { at: 'source', source: root.source },
            input: root.input,
            video: root.video!,
            audio: root.audio!,
            ...(!apart.job.hook && { root }),
          },
        }
      : apart;
  };

  const job = (
    route: Route,
    origin: Origin,
    input: Tracks,
    before?: Root,
  ): { job: Job } | { empty: Empty } => {
    const remotes = remotesOf(route);
    const needs: Needs = {
      readers: readers(config),
      remotes: remotes.map((url) => url.slice(0, url.indexOf(':'))),
      recordings: containersOf(route),
      sound: input.audio !== undefined && route.audio.mode !== 'none',
    };
    const hook = input.video && route.hook;
    const video = hook ? decideAfterHook(route.video, needs) : decideVideo(input.video, route.video, needs);
    const audio = decideAudio(input.audio, route.audio, needs);
    const output = { video: outputVideo(video, input.video), audio: outputAudio(audio, input.audio) };
    // Without a track to name, ffmpeg would choose one by itself.
    if (!output.video && !output.audio) return { empty: { route } };
    const paths = pathsOf(route).filter(({ select }) =>
      select === 'v' ? output.video : select === 'a' ? output.audio : true,
    );
    const start = origin.at === 'source' ? { source: origin.source, input, video, audio } : undefined;
    const root = before
      ? { ...before, video: after(before.video, video), audio: after(before.audio, audio) }
      : start;
    const inStep = (output.audio || merged.has(route.name)) && !output.video?.burst;
    const rest = { ...(inStep && { inStep }), ...(hook ? { hook } : root && { root }) };
    return { job: { route, origin, input, video, audio, output, paths, remotes, ...rest } };
  };

  for (const name of Object.keys(config.routes)) visit(name);
  return known;
}

function cutExactly(outcome: Outcome): Outcome {
  if (!('job' in outcome)) return outcome;
  const { job } = outcome;
  return { job: { ...job, video: exactCuts(job.route, job.video, job.input.video) } };
}

/** What two decisions in a row come to; undefined where both encode. */
function after<T>(first: Decision<T> | undefined, second: Decision<T>): Decision<T> | undefined {
  if (first?.do === 'copy' || second.do === 'none') return second;
  return second.do === 'copy' ? first : undefined;
}

/** The source whose picture and sound a merge puts together again, with what becomes of each. */
function commonRoot(first: Outcome, second: Outcome, merge: Job): Root | undefined {
  if (!('job' in first && 'job' in second) || first.job.root?.source !== second.job.root?.source)
    return undefined;
  const video = after(first.job.root?.video, merge.video);
  const audio = after(second.job.root?.audio, merge.audio);
  return first.job.root && video && audio ? { ...first.job.root, video, audio } : undefined;
}

function outputOf(outcome: Outcome, facts: Facts): Tracks {
  if ('job' in outcome) return outcome.job.output;
  const media = 'passed' in outcome ? facts.media[outcome.passed.route.from] : undefined;
  return media ? { video: videoOf(media), audio: audioOf(media) } : {};
}

/** What a merge names: a route, one of its paths, or its `/video` or `/audio`. */
function referred(config: Config, reference: string): { route: string; path: string } {
  for (const route of Object.values(config.routes)) {
    const path = pathsOf(route).find((entry) => entry.path === reference);
    if (path) return { route: route.name, path: path.path };
    if (route.name === reference) return { route: route.name, path: pathsOf(route)[0]!.path };
  }
  // `<route>/video` of a route that is not split: the route's own path has the picture too.
  const name = reference.replace(/\/(video|audio)$/, '');
  return { route: name, path: pathsOf(config.routes[name]!)[0]!.path };
}

function outputVideo(decision: Decision<VideoEncode>, track: VideoTrack | undefined): VideoTrack | undefined {
  if (decision.do === 'none' || !track) return undefined;
  if (decision.do === 'copy') return track;
  const { size, fps } = decision.settings;
  return {
    type: 'video',
    codec: decision.codec,
    bFrames: false,
    width: size?.width ?? track.width,
    height: size?.height ?? track.height,
    frameRate: fps ? `${fps}/1` : track.frameRate,
    // A still picture becomes one large key frame, and next to nothing until the next.
    ...((track.burst || isPicture(track.codec)) && { burst: true }),
  };
}

function outputAudio(decision: Decision<AudioEncode>, track: AudioTrack | undefined): AudioTrack | undefined {
  if (decision.do === 'none' || !track) return undefined;
  return decision.do === 'copy' ? track : encodedAudio(decision.settings, track);
}
