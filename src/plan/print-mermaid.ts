import { programOf } from './print-unit.ts';
import type { Plan } from './types.ts';

/** A flowchart that GitHub and many editors draw: sources → processes → paths → remote servers and folders. */
export function printMermaid(plan: Plan): string {
  const ids = new Map<string, string>();
  const nodes: string[] = [];
  const edges = new Set<string>();
  const routes = new Set(plan.routes.map((route) => route.name));
  const node = (kind: keyof typeof shapes, name: string): string => {
    const key = `${kind} ${name}`;
    let id = ids.get(key);
    if (id === undefined) {
      id = `n${ids.size}`;
      ids.set(key, id);
      nodes.push(`  ${id}${shapes[kind](entities(name))}`);
    }
    return id;
  };
  const edge = (from: string, to: string) => edges.add(`  ${from} --> ${to}`);

  for (const unit of plan.units) {
    const id = node('unit', `${programOf(unit)} ${unit.id}`);
    if (unit.kind === 'recorder') {
      for (const { path, sinks } of unit.paths) {
        edge(node('path', path), id);
        for (const sink of sinks) edge(id, node('disk', sink.kind === 'file' ? sink.path : sink.dir));
      }
      continue;
    }
    if (unit.kind === 'snapshots') {
      edge(node('path', unit.reads[0]), id);
      edge(id, node('disk', unit.sink.dir));
      continue;
    }
    if (unit.kind !== 'worker' && unit.source !== undefined) edge(node('source', unit.source), id);
    if (unit.kind === 'probe') continue;
    for (const path of unit.reads) edge(node('path', path), id);
    for (const path of unit.publishes) edge(id, node('path', path));
    if (unit.kind === 'worker') continue;
    for (const worker of unit.feeds ?? []) edge(id, node('unit', `relay worker ${worker}`));
    // Remote servers that a process pushes to itself stand in its arguments.
    for (const remote of plan.routes
      .filter((route) => unit.routes.includes(route.name))
      .flatMap((route) => route.remotes)) {
      if (unit.args.some((arg) => typeof arg === 'string' && arg.includes(remote)))
        edge(id, node('remote', remote));
    }
  }
  for (const path of plan.paths) {
    const id = node('path', path.name);
    if (path.from.by === 'pull') edge(node('source', path.from.source), id);
    if (path.from.by === 'public') edge(node('source', 'a publisher'), id);
    for (const url of path.forward) edge(id, node('remote', url));
  }
  for (const route of plan.routes) {
    // A route without process and path of its own still shows where it comes from.
    if (route.paths.length === 0)
      edge(node(routes.has(route.from) ? 'path' : 'source', route.from), node('path', route.name));
  }
  return ['flowchart LR', ...nodes, ...edges].join('\n');
}

const shapes = {
  source: (text: string) => `(["${text}"])`,
  unit: (text: string) => `["${text}"]`,
  path: (text: string) => `("${text}")`,
  remote: (text: string) => `{{"${text}"}}`,
  disk: (text: string) => `[("${text}")]`,
};

function entities(text: string): string {
  return text.replace(/[&"<>#;]/g, (char) => `#${char.charCodeAt(0)};`);
}
