/**
 * Config and facts → plan. Pure: no file, no clock, no environment is looked at.
 * The fewest processes that keep one clock: what the server does natively and in sync costs none.
 */
import type { Config, Route } from '../config/config.ts';
import { kindOf } from '../kinds/sources/index.ts';
import { canPull } from '../kinds/sources/url.ts';
import { label } from './codecs.ts';
import { feedId, mergeUnit, pathInput, pathUnit, share, sourceUnit } from './ffmpeg.ts';
import { workerUnit } from './hook.ts';
import { type Job, type Outcome, outcomes, pathsOf, publishPath, type Waiting } from './jobs.ts';
import { knownTracks, selected } from './publish.ts';
import { recorderUnits, recordings, withRecordings } from './record.ts';
import { snapshotUnits } from './snapshots.ts';
import type { Facts, PathSpec, Plan, ProbeUnit, RoutePlan, UnitSpec } from './types.ts';

export function plan(config: Config, facts: Facts): Plan {
  const all = [...outcomes(config, facts).entries()];
  const jobs = all.flatMap(([, outcome]) => ('job' in outcome ? [outcome.job] : []));
  const waiting = all.flatMap(([, outcome]) => ('waiting' in outcome ? [outcome.waiting] : []));

  const units: UnitSpec[] = [];
  const paths: PathSpec[] = publicPaths(config, all);

  for (const [source, shared] of groupBySource(jobs)) {
    const pull = pullOf(config, source, shared, facts);
    const { together, apart, alone } = share(shared, config.sources[source]!);
    if (pull) {
      paths.push({
        name: together[0]!.paths[0]!.path,
        route: together[0]!.route.name,
        from: pull,
        alwaysAvailable: tracksOf(config, together[0]!),
        forward: forwards(config, together[0]!),
      });
    } else if (together.length > 0) {
      const unit = sourceUnit(config, source, together, facts);
      units.push(unit);
      for (const job of together) serve(unit, job);
    }
    for (const job of alone) {
      const unit = sourceUnit(config, source, [job], facts, feedId(job));
      add(shared.length > 1 ? { ...unit, why: [...unit.why, readsAlone(source)] } : unit, job);
    }
    for (const { job, path } of apart) add(pathUnit(config, path, job, facts), job);
  }
  for (const job of jobs) {
    if (job.origin.at === 'path') add(pathUnit(config, job.origin.path, job, facts), job);
    if (job.origin.at === 'paths') add(mergeUnit(config, job.origin, job, facts), job);
  }
  units.push(...probes(config, waiting));
  const recorded = recordings(config, all);
  units.push(...snapshotUnits(config, all), ...recorderUnits(recorded));

  function add(unit: UnitSpec, job: Job): void {
    units.push(unit);
    serve(unit, job);
  }

  /** The paths of a job are fed by the unit that reads for it, or by the worker behind that. */
  function serve(unit: UnitSpec, job: Job): void {
    const last = job.hook ? workerUnit(config, job) : unit;
    if (last !== unit) units.push(last);
    paths.push(...fedBy(config, last.id, job));
  }

  return {
    version: 1,
    server: config.server,
    paths: withRecordings(paths, recorded),
    units,
    routes: all.map(([name, outcome]) => {
      const route = describe(config, outcome, paths);
      return { ...route, why: [...route.why, ...(recorded.get(name)?.why ?? [])] };
    }),
  };
}

function readsAlone(source: string): string {
  return `reads ${source} by itself, so that no other route waits for its hook; a route that copies ${source} would be read instead`;
}

function groupBySource(jobs: Job[]): Map<string, Job[]> {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    if (job.origin.at !== 'source') continue;
    groups.set(job.origin.source, [...(groups.get(job.origin.source) ?? []), job]);
  }
  return groups;
}

/**
 * The server's own pull, where it does no harm: it aligns tracks by their arrival, so only a stream of a single
 * track is in sync that way; and a second path would need a second session with the camera.
 */
function pullOf(
  config: Config,
  name: string,
  jobs: Job[],
  facts: Facts,
): Extract<PathSpec['from'], { by: 'pull' }> | undefined {
  const source = config.sources[name]!;
  const { together } = share(jobs, source);
  const single =
    facts.media[name]?.tracks.length === 1 && together.length === 1 && together[0]!.paths.length === 1;
  const copied = together[0]?.video.do === 'copy' && ['h264', 'hevc'].includes(together[0].video.codec);
  const able = config.server.driver === 'mediamtx' && source.kind === 'url' && canPull(source);
  return able && single && copied ? { by: 'pull', source: name, url: source.url } : undefined;
}

/** What the server must know of a path beforehand, for readers to stay. */
function tracksOf(config: Config, job: Job, select?: 'v' | 'a'): PathSpec['alwaysAvailable'] {
  return config.server.driver === 'mediamtx' ? knownTracks(selected(job.output, select)) : null;
}

function forwards(config: Config, job: { remotes: string[] }): string[] {
  return config.server.driver === 'mediamtx' ? job.remotes : [];
}

function fedBy(config: Config, unit: string, job: Job): PathSpec[] {
  return job.paths.map(({ path, select }, index) => ({
    name: path,
    route: job.route.name,
    from: { by: 'unit', unit },
    alwaysAvailable: tracksOf(config, job, select),
    forward: index === 0 ? forwards(config, job) : [],
  }));
}

/** Paths that users publish to. */
function publicPaths(config: Config, all: [string, Outcome][]): PathSpec[] {
  const used = new Set(Object.values(config.routes).map((route) => route.from));
  return Object.entries(config.sources).flatMap(([name, source]): PathSpec[] => {
    if (source.kind !== 'publish' || !used.has(name)) return [];
    const path = publishPath(name, source);
    const passed = all.flatMap(([, outcome]) =>
      'passed' in outcome && outcome.passed.path === path ? [outcome.passed] : [],
    )[0];
    const route =
      passed?.route.name ?? Object.values(config.routes).find((entry) => entry.from === name)!.name;
    return [
      {
        name: path,
        route,
        from: { by: 'public' },
        alwaysAvailable: null,
        forward: passed ? forwards(config, passed) : [],
      },
    ];
  });
}

/** One probe a source that has not answered yet, whichever routes wait for it. */
function probes(config: Config, waiting: Waiting[]): ProbeUnit[] {
  const bySource = new Map<string, Waiting[]>();
  for (const entry of waiting) bySource.set(entry.source, [...(bySource.get(entry.source) ?? []), entry]);
  return [...bySource].map(([source, entries]) => {
    const path = entries[0]!.path;
    const spec = config.sources[source]!;
    const request = kindOf(spec).probe?.(spec);
    return {
      id: `probe:${source}`,
      kind: 'probe',
      routes: entries.map((entry) => entry.route.name),
      source,
      args: path ? pathInput(config, path) : (request?.args ?? []),
      reads: path ? [path] : [],
      network: path ? true : (request?.network ?? true),
      why: [
        path
          ? `waits until somebody publishes to ${path}`
          : 'asks the source what it holds; the route is planned when it answers',
      ],
    };
  });
}

function describe(config: Config, outcome: Outcome, paths: PathSpec[]): RoutePlan {
  const route = routeOf(outcome);
  const remotes = route.to.flatMap((sink) => (sink.kind === 'remote' ? [sink.url] : []));
  const base = { name: route.name, from: route.from, remotes };
  if ('empty' in outcome) {
    const why = `nothing is left to serve: ${route.from} has only what the route leaves out`;
    return { ...base, paths: [], tracks: [], why: [why] };
  }
  if ('waiting' in outcome) {
    return {
      ...base,
      paths: pathsOf(route).map(({ path }) => path),
      tracks: [],
      why: ['planned when its source first answers'],
    };
  }
  if ('passed' in outcome) {
    return {
      ...base,
      paths: [outcome.passed.path],
      tracks: [],
      why: ['served as it is published: no process'],
    };
  }
  const { job } = outcome;
  const pulled = paths.some((path) => path.route === route.name && path.from.by === 'pull');
  const decisions = [job.video, job.audio].flatMap((decision) => ('why' in decision ? [decision.why] : []));
  const source = config.sources[route.from];
  const silent = (['video', 'audio'] as const).flatMap((track) =>
    source?.kind === 'merge' && !job.input[track]
      ? [`${source[track]} has no ${track === 'video' ? 'picture' : 'sound'} to give`]
      : [],
  );
  const unseen = route.hook && !job.hook ? ['there is no picture, so its hook is not run'] : [];
  const lost =
    job.remotes.length && !forwards(config, job).length ? ['remote copies need the driver mediamtx'] : [];
  return {
    ...base,
    paths: job.paths.map(({ path }) => path),
    tracks: [job.output.video, job.output.audio].flatMap((track) => (track ? [label(track.codec)] : [])),
    why: [
      ...(pulled ? ['pulled by the server itself: one track needs no alignment, so no process'] : []),
      ...decisions,
      ...silent,
      ...unseen,
      ...lost,
    ],
  };
}

function routeOf(outcome: Outcome): Route {
  if ('job' in outcome) return outcome.job.route;
  if ('passed' in outcome) return outcome.passed.route;
  return 'empty' in outcome ? outcome.empty.route : outcome.waiting.route;
}
