import { formatAddress } from './print-address.ts';
import { hookLabel, programOf } from './print-unit.ts';
import type { PathSpec, Plan, RoutePlan, UnitSpec } from './types.ts';

/** For people: each route with its paths, its processes, and why they are there. */
export function printTree(plan: Plan): string {
  const listeners = Object.entries(plan.server.listen).flatMap(([protocol, address]) =>
    address ? [`${protocol} ${formatAddress(address)}`] : [],
  );
  return [
    [`server ${plan.server.driver}`, listeners.join(' · ') || 'listens nowhere'].join('  '),
    ...plan.routes.map((route) => printRoute(plan, route)),
    summary(plan),
  ].join('\n\n');
}

interface Node {
  text: string;
  children?: Node[];
}

function printRoute(plan: Plan, route: RoutePlan): string {
  const paths = plan.paths.filter((path) => path.route === route.name);
  const units = plan.units.filter((unit) => unit.routes.includes(route.name));
  const forwarded = new Set(paths.flatMap((path) => path.forward));
  const nodes: Node[] = [
    ...units.map((unit) => ({
      text: `process ${unit.id} (${program(unit)})${alsoFor(unit.routes, route)}`,
      children: reasons(unit, route).map((text) => ({ text })),
    })),
    ...paths.map((path) => ({
      text: `path ${path.name}  ${origin(path)}`,
      children: path.forward.map((url) => ({ text: `the server copies it to ${url}` })),
    })),
    ...route.remotes.filter((url) => !forwarded.has(url)).map((url) => ({ text: `remote ${url}` })),
    ...route.why.map((text) => ({ text })),
  ];
  const none = route.paths.length > 0 ? 'tracks not known yet' : 'no tracks';
  const tracks = route.tracks.length > 0 ? route.tracks.join(', ') : none;
  return [`${route.name}  ← ${route.from}  (${tracks})`, ...lines(nodes)].join('\n');
}

/** Of a process that records many routes, only what it does for this one. */
function reasons(unit: UnitSpec, route: RoutePlan): string[] {
  const own = `${route.name}: `;
  return unit.kind === 'recorder'
    ? unit.why.filter((line) => line.startsWith(own)).map((line) => line.slice(own.length))
    : unit.why;
}

function program(unit: UnitSpec): string {
  if (unit.kind === 'worker') return `${programOf(unit)}, ${hookLabel(unit.hook.runner)}`;
  return unit.kind === 'probe' ? 'ffprobe, until the source answers' : programOf(unit);
}

function alsoFor(routes: string[], route: RoutePlan): string {
  const others = routes.filter((name) => name !== route.name);
  if (others.length > 12) return `, shared with ${others.length} other routes`;
  return others.length > 0 ? `, shared with ${others.join(', ')}` : '';
}

function origin(path: PathSpec): string {
  const recorded = path.record ? ', recorded' : '';
  if (path.from.by === 'pull') return `fetched by the server itself, no process${recorded}`;
  const stays = path.alwaysAvailable ? ', readers stay connected while it restarts' : '';
  const from = path.from.by === 'public' ? 'waits for a publisher' : `from ${path.from.unit}`;
  return `${from}${stays}${recorded}`;
}

function lines(nodes: Node[], indent = ''): string[] {
  return nodes.flatMap((node, at) => {
    const last = at === nodes.length - 1;
    return [
      `${indent}${last ? '└─' : '├─'} ${node.text}`,
      ...lines(node.children ?? [], `${indent}${last ? '   ' : '│  '}`),
    ];
  });
}

function summary(plan: Plan): string {
  const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;
  return [
    count(plan.routes.length, 'route', 'routes'),
    count(plan.paths.length, 'path', 'paths'),
    count(plan.units.length, 'process', 'processes'),
  ].join(', ');
}
