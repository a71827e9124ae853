/** What needs the whole file: names that point somewhere, paths that clash, cycles. */
import { closest } from './closest.ts';
import type { Config, Route } from './config.ts';
import { type Path, quote } from './diagnostic.ts';
import type { Reader } from './read.ts';
import { most } from './schema.ts';

export function checkReferences(config: Config, reader: Reader): void {
  const declared = { sources: reader.entries('sources'), routes: reader.entries('routes') };
  // Above the limits there is one error already, and nothing to compare with.
  const complete = (section: 'sources' | 'routes') =>
    Object.keys(declared[section]).length === Object.keys(config[section]).length;
  if (Math.max(...Object.values(declared).map((map) => Object.keys(map).length)) > most) return;

  const owners = servedPaths(config, reader);
  for (const [name, route] of Object.entries(declared.routes)) checkFrom(name, route, declared, reader);
  for (const route of Object.values(config.routes)) {
    checkTracks(route, reader);
    if (route.hook) checkHook(route, config, reader);
  }
  // What a faulty route would serve is not known, so nothing can be missed.
  if (complete('routes')) {
    checkMerges(config, owners, reader);
    checkUserPaths(config, owners, reader);
    checkPublished(config, owners, reader);
  }
  if (complete('sources')) checkCycles(config, owners, reader);
}

type Owners = Map<string, string>;

/** Path → the route that serves it. */
function servedPaths(config: Config, reader: Reader): Owners {
  const owners: Owners = new Map();
  /** The embedded server has no folders: `a/b` is its stream a_b. */
  const streams = new Map<string, string>();
  const serve = (path: string, route: string, place: Path) => {
    const owner = owners.get(path);
    if (owner !== undefined) {
      const message =
        owner === route
          ? `serves the path ${quote(path)} twice`
          : `the path ${quote(path)} is served by route ${quote(owner)} already`;
      reader.fail(place, message, undefined, place.length > 2 ? 'value' : 'key');
    } else owners.set(path, route);
    if (config.server.driver !== 'node-media-server') return;
    const stream = path.replaceAll('/', '_');
    const other = streams.get(stream) ?? path;
    if (other !== path)
      reader.fail(place, `the paths ${quote(other)} and ${quote(path)} are one to node-media-server`);
    streams.set(stream, path);
  };
  for (const { name, to, split } of Object.values(config.routes)) {
    const written = reader.entries('routes')[name] as { to?: unknown } | string;
    const list = typeof written === 'object' ? written.to : undefined;
    for (const sink of to) {
      if (sink.kind !== 'path') continue;
      const own = ['routes', name];
      const index = Array.isArray(list) ? list.indexOf(sink.path) : -1;
      serve(sink.path, name, index >= 0 ? [...own, 'to', index] : list === sink.path ? [...own, 'to'] : own);
    }
    if (!split) continue;
    serve(`${name}/video`, name, ['routes', name, 'split']);
    serve(`${name}/audio`, name, ['routes', name, 'split']);
  }
  return owners;
}

/** Looks at what is written, so that another error in the route doesn't hide this one. */
function checkFrom(
  name: string,
  route: unknown,
  declared: { sources: Record<string, unknown>; routes: Record<string, unknown> },
  reader: Reader,
): void {
  const short = typeof route === 'string';
  const from = short ? route : (route as { from?: unknown } | null | undefined)?.from;
  if (typeof from !== 'string' || from === '' || Object.hasOwn(declared.sources, from)) return;
  const path = short ? ['routes', name] : ['routes', name, 'from'];
  if (from === name) {
    const near = reader.report.suggest(() => closest(from, Object.keys(declared.sources)));
    reader.fail(path, `there is no source ${quote(from)}`, near && `did you mean ${quote(near)}?`);
    return;
  }
  if (Object.hasOwn(declared.routes, from)) return;
  const names = [
    ...Object.keys(declared.sources),
    ...Object.keys(declared.routes).filter((each) => each !== name),
  ];
  const near = reader.report.suggest(() => closest(from, names));
  reader.fail(
    path,
    `there is no source and no route ${quote(from)}`,
    near ? `did you mean ${quote(near)}?` : listed(names),
  );
}

function checkTracks({ name, split, video, audio }: Route, reader: Reader): void {
  const missing = (['video', 'audio'] as const).filter((track) => ({ video, audio })[track].mode === 'none');
  if (missing.length === 2) {
    reader.fail(['routes', name, 'audio'], 'neither picture nor sound would be left');
  } else if (missing[0] && split) {
    reader.fail(['routes', name, 'split'], `there is nothing to split without ${missing[0]}`);
  }
}

function checkHook({ name, video }: Route, config: Config, reader: Reader): void {
  if (config.server.driver !== 'mediamtx') {
    reader.fail(['routes', name, 'hook'], 'hooks need the media server mediamtx', 'set driver: mediamtx');
  }
  if (video.mode === 'copy') {
    const help = 'leave video out, or say how to encode it';
    reader.fail(['routes', name, 'video'], 'what comes out of a hook is encoded, so it is no copy', help);
  }
  if (video.mode === 'none') {
    reader.fail(['routes', name, 'video'], 'without a picture there is nothing to show to the hook');
  }
}

function checkMerges(config: Config, owners: Owners, reader: Reader): void {
  for (const [name, source] of Object.entries(config.sources)) {
    if (source.kind !== 'merge') continue;
    for (const track of ['video', 'audio'] as const) {
      const ref = source[track];
      if (owners.has(ref) || Object.hasOwn(config.routes, ref)) continue;
      const path = ['sources', name, 'merge', track];
      const [, base, part] = /^(.+)\/(video|audio)$/.exec(ref) ?? [];
      if (base !== undefined && Object.hasOwn(config.routes, base)) {
        reader.fail(
          path,
          `route ${quote(base)} does not serve its ${part} by itself`,
          `set split: true on it, or write ${quote(base)}`,
        );
        continue;
      }
      const near = reader.report.suggest(() =>
        closest(ref, [...owners.keys(), ...Object.keys(config.routes)]),
      );
      const routed = Object.hasOwn(config.sources, base ?? ref)
        ? `${quote(base ?? ref)} is a source: give it a route`
        : undefined;
      reader.fail(path, `no route serves ${quote(ref)}`, routed ?? (near && `did you mean ${quote(near)}?`));
    }
  }
}

function checkUserPaths(config: Config, owners: Owners, reader: Reader): void {
  const published = publishPaths(config, reader);
  config.server.users.forEach(({ read, publish }, user) => {
    const check = (
      key: 'read' | 'publish',
      paths: string[],
      known: { has(path: string): boolean; keys(): Iterable<string> },
    ) =>
      paths.forEach((path, index) => {
        if (known.has(path)) return;
        const near = reader.report.suggest(() => closest(path, known.keys()));
        const message =
          key === 'read' ? `no route serves ${quote(path)}` : `no publish source has the path ${quote(path)}`;
        reader.fail(['server', 'users', user, key, index], message, near && `did you mean ${quote(near)}?`);
      });
    if (read !== true) check('read', read, owners);
    if (typeof publish === 'object') check('publish', publish, published);
  });
}

/** Paths to which somebody may publish. */
function publishPaths({ sources }: Config, reader: Reader): Set<string> {
  const published = new Set<string>();
  for (const [name, source] of Object.entries(sources)) {
    if (source.kind !== 'publish') continue;
    const path = source.path ?? name;
    if (published.has(path)) {
      reader.fail(['sources', name, 'publish'], `another source waits at the path ${quote(path)}`);
    }
    published.add(path);
  }
  return published;
}

/** Routes feed routes, and merges join them: somewhere there must be a beginning. */
function checkCycles(config: Config, owners: Owners, reader: Reader): void {
  const done = new Set<string>();
  for (const start of Object.keys(config.routes)) {
    const trail: string[] = [];
    const onTrail = new Set<string>();
    // Depth first without recursion: a thousand routes may be one chain.
    const stack: { node: string; leave: boolean }[] = [{ node: `route ${start}`, leave: false }];
    for (let step = stack.pop(); step; step = stack.pop()) {
      const { node, leave } = step;
      if (leave) {
        onTrail.delete(node);
        trail.pop();
        done.add(node);
      } else if (onTrail.has(node)) {
        reportCycle([...trail.slice(trail.indexOf(node)), node], config, reader);
      } else if (!done.has(node)) {
        onTrail.add(node);
        trail.push(node);
        stack.push({ node, leave: true });
        for (const next of feeders(node, config, owners)) stack.push({ node: next, leave: false });
      }
    }
  }
}

function feeders(node: string, { routes, sources }: Config, owners: Owners): string[] {
  const [kind, name] = node.split(' ') as ['route' | 'source', string];
  const route = (from: string) => (Object.hasOwn(routes, from) ? [`route ${from}`] : []);
  if (kind === 'route') {
    const { from } = routes[name]!;
    return Object.hasOwn(sources, from) ? [`source ${from}`] : from === name ? [] : route(from);
  }
  const source = sources[name]!;
  if (source.kind !== 'merge') return [];
  return [source.video, source.audio].flatMap((ref) => route(owners.get(ref) ?? ref));
}

function reportCycle(trail: string[], { routes }: Config, reader: Reader): void {
  const first = trail.find((node) => node.startsWith('route '))!.slice('route '.length);
  const written = reader.entries('routes')[routes[first]!.name];
  const path = typeof written === 'string' ? ['routes', first] : ['routes', first, 'from'];
  reader.fail(
    path,
    `goes round in a circle: ${shortened(trail.map((node) => node.split(' ')[1]!)).join(' → ')}`,
  );
}

function shortened(names: string[]): string[] {
  return names.length <= 12
    ? names
    : [...names.slice(0, 6), `… ${names.length - 11} more …`, ...names.slice(-5)];
}

function listed(names: string[]): string | undefined {
  const each = [...new Set(names)];
  return each.length > 0 && each.length <= 12 ? `declared: ${each.join(', ')}` : undefined;
}

/** A path that others publish to can be a route's own path only where the route hands it on untouched. */
function checkPublished(config: Config, owners: Owners, reader: Reader): void {
  for (const [name, source] of Object.entries(config.sources)) {
    if (source.kind !== 'publish') continue;
    const path = source.path ?? name;
    const route = config.routes[owners.get(path) ?? ''];
    if (route === undefined) continue;
    const untouched =
      !route.hook && [route.video, route.audio].every(({ mode }) => mode === 'auto' || mode === 'copy');
    const alone = !route.split && route.to.filter((sink) => sink.kind === 'path').length === 1;
    if (route.from === name && untouched && alone) continue;
    const message = `others publish to the path ${quote(path)}, which route ${quote(route.name)} serves`;
    reader.fail(['sources', name], message, `let them publish to a path of its own: { publish: ${name}/in }`);
  }
}
