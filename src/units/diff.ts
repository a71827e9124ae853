/** What has to happen so that a running plan becomes another. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { PathSpec, Plan, UnitSpec } from '../plan/types.ts';
import { needs } from './runtime.ts';

export interface PlanDiff {
  /** The server must start anew, and with it all who are connected to it. */
  server: boolean;
  /** Ids. `restart` holds units whose description changed or whose path is cut by a change. */
  stop: string[];
  start: string[];
  restart: string[];
}

export function diffPlans(from: Plan, to: Plan): PlanDiff {
  const server = !isDeepStrictEqual(serverKey(from), serverKey(to));
  const before = new Map(from.units.map((unit) => [unit.id, unit]));
  const after = new Map(to.units.map((unit) => [unit.id, unit]));
  const cut = new Set(diffPaths(from.paths, to.paths).cut);
  const touched = (unit: UnitSpec): boolean =>
    !isDeepStrictEqual(behaviourOf(unit), behaviourOf(before.get(unit.id)!)) ||
    (server && usesServer(unit)) ||
    pathsOf(unit).some((path) => cut.has(path));
  return {
    server,
    stop: from.units.filter((unit) => !after.has(unit.id)).map((unit) => unit.id),
    start: to.units.filter((unit) => !before.has(unit.id)).map((unit) => unit.id),
    restart: to.units.filter((unit) => before.has(unit.id) && touched(unit)).map((unit) => unit.id),
  };
}

export interface PathsDiff {
  add: PathSpec[];
  /** Publishers and readers are cut. */
  replace: PathSpec[];
  remove: string[];
  /** Names whose streams end: removed and replaced. */
  cut: string[];
}

export function diffPaths(from: Iterable<PathSpec>, to: Iterable<PathSpec>): PathsDiff {
  const before = new Map([...from].map((path) => [path.name, path]));
  const after = new Map([...to].map((path) => [path.name, path]));
  const diff: PathsDiff = { add: [], replace: [], remove: [], cut: [] };
  for (const path of after.values()) {
    const old = before.get(path.name);
    if (old === undefined) diff.add.push(path);
    else if (!isDeepStrictEqual(streamOf(old), streamOf(path))) diff.replace.push(path);
  }
  diff.remove = [...before.keys()].filter((name) => !after.has(name));
  diff.cut = [...diff.remove, ...diff.replace.map((path) => path.name)];
  return diff;
}

export function pathsOf(unit: UnitSpec): string[] {
  // The recorder reads what the server wrote to the disk, also while it is away.
  if (unit.kind === 'recorder') return [];
  return unit.kind === 'probe' || unit.kind === 'snapshots' ? unit.reads : [...unit.publishes, ...unit.reads];
}

export function usesServer(unit: UnitSpec): boolean {
  return pathsOf(unit).length > 0;
}

/**
 * What the server sees of a path's stream. Which of our processes publishes it makes no difference to it; where it is
 * forwarded to and recorded changes while it flows.
 */
function streamOf(path: PathSpec): unknown {
  const { from, alwaysAvailable } = path;
  return { by: from.by === 'pull' ? from.url : 'publisher', alwaysAvailable };
}

/** Reasons and route names are for people; a process does not change with them. */
function behaviourOf(unit: UnitSpec): unknown {
  const { why: _why, routes: _routes, ...rest } = unit;
  return rest;
}

/** All that the server can't change while it runs. */
function serverKey(plan: Plan): unknown {
  const mediamtx = plan.server.driver === 'mediamtx';
  return {
    server: plan.server,
    needs: [...needs(plan)].filter((protocol) => plan.server.listen[protocol] === false).sort(),
    // MediaMTX takes the list of who may publish where while it runs, the other does not.
    open: mediamtx ? [] : plan.paths.filter((path) => path.from.by === 'public').map((path) => path.name),
  };
}
