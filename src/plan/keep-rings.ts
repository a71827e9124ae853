/**
 * What a plan that runs means for the next one: the ring of a path stays where it is as long as one of the route's
 * sinks has its folder. It holds what is not cut yet, and the server writes on into it. Pure.
 */
import { join } from 'node:path';
import { folderOf, type RecordSink } from '../kinds/sinks/index.ts';
import type { Plan, RecorderUnit } from './types.ts';

/** Below the private folder of the sink, which nobody else can enter. */
export function ringOf(sink: RecordSink): string {
  return join(folderOf(sink), '.relay', 'ring');
}

type Recorded = RecorderUnit['paths'][number];

const recordedIn = (plan: Plan): Recorded[] =>
  plan.units.flatMap((unit) => (unit.kind === 'recorder' ? unit.paths : []));

export function keepRings(from: Plan, to: Plan): Plan {
  const rings = new Map(recordedIn(from).map(({ path, ring }) => [path, ring]));
  const kept = new Map(
    recordedIn(to).flatMap((recorded) => {
      const ring = rings.get(recorded.path);
      const home = recorded.sinks.find((sink) => ringOf(sink) === ring);
      if (ring === undefined || ring === recorded.ring || home === undefined) return [];
      // The first sink's folder is the one that holds the ring.
      const sinks = [home, ...recorded.sinks.filter((sink) => sink !== home)];
      return [[recorded.path, { ...recorded, ring, sinks }]];
    }),
  );
  return {
    ...to,
    units: to.units.map((unit) =>
      unit.kind === 'recorder'
        ? { ...unit, paths: unit.paths.map((recorded) => kept.get(recorded.path) ?? recorded) }
        : unit,
    ),
    paths: to.paths.map((path) => {
      const { ring } = kept.get(path.name) ?? {};
      return path.record && ring !== undefined ? { ...path, record: { ring } } : path;
    }),
  };
}

/** Paths that are recorded no longer, or elsewhere: what is open of them ends with the change. */
export function endedRings(from: Plan, to: Plan): { path: string; ring: string }[] {
  const still = new Set(recordedIn(to).map(({ path, ring }) => `${path}\0${ring}`));
  return recordedIn(from)
    .filter(({ path, ring }) => !still.has(`${path}\0${ring}`))
    .map(({ path, ring }) => ({ path, ring }));
}
