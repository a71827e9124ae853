/** Where recordings lie: by relay.yaml, or by what a folder says of itself. */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { closest } from '../config/closest.ts';
import type { Config } from '../config/config.ts';
import { messageOf, RelayError } from '../errors.ts';
import { codeOf, type Folder, plainFolder } from '../record/folder.ts';
import { ledgerPlace } from '../record/places.ts';

const kinds = ['segments', 'clips'] as const;
export type RecordingKind = (typeof kinds)[number];

/** What one sink wrote of one route. */
export interface Recording {
  route: string;
  kind: RecordingKind;
  /** Absolute. */
  dir: string;
}

export const PRIVATE = '.relay';

export function ledgerFolder({ dir, kind, route }: Recording): Folder {
  return plainFolder(join(dir, PRIVATE, ledgerPlace(kind, route)));
}

/** Of all routes, or of one. @throws RelayError where there is none */
export function recordingsOf(config: Config, route?: string): Recording[] {
  if (route !== undefined && !Object.hasOwn(config.routes, route)) {
    const similar = closest(route, Object.keys(config.routes));
    const mean = similar ? `; did you mean ${similar}?` : '';
    throw none(`relay.yaml has no route ${route}${mean}`, 'relay plan shows the routes');
  }
  const routes = Object.values(config.routes).filter(({ name }) => route === undefined || name === route);
  const found = routes.flatMap(({ name, to }) =>
    to.flatMap((sink): Recording[] =>
      sink.kind === 'segments' || sink.kind === 'clips'
        ? [{ route: name, kind: sink.kind, dir: sink.dir }]
        : [],
    ),
  );
  if (found.length > 0) return found;
  throw none(
    route === undefined ? 'no route of it is recorded' : `the route ${route} is not recorded`,
    'add { segments: { dir: recordings } } to its `to`',
  );
}

/** All ledgers of a folder. @throws RelayError where there is none */
export async function recordingsIn(folder: string, route?: string): Promise<Recording[]> {
  const dir = resolve(folder);
  const isFolder = await stat(dir).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw none(`there is no folder ${folder}`, '--dir takes the folder of a sink');
  const found: Recording[] = [];
  for (const kind of kinds) {
    for (const name of await names(join(dir, PRIVATE, kind)))
      found.push({ route: name.replaceAll('~', '/'), kind, dir });
  }
  if (found.length === 0) {
    throw none(
      `${folder} holds no segments and no clips`,
      '--dir takes a folder of these; snapshots and `file` are not in ledgers that could be listed',
    );
  }
  const ofRoute = found.filter((one) => route === undefined || one.route === route);
  if (ofRoute.length > 0) return ofRoute;
  const others = [...new Set(found.map((one) => one.route))].join(', ');
  throw none(`${folder} holds nothing of ${route}`, `it has ${others}`);
}

/** Absolute folders of all ledgers of a sink's folder, of whatever kind. */
export async function ledgersBelow(dir: string): Promise<string[]> {
  const all = ['segments', 'clips', 'snapshots'].map(async (kind) =>
    (await names(join(dir, PRIVATE, kind))).map((name) => join(dir, PRIVATE, kind, name)),
  );
  return (await Promise.all(all)).flat();
}

async function names(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return [];
    throw none(messageOf(error), 'only who records may read it: run this as the same user');
  }
}

function none(message: string, hint: string): RelayError {
  return new RelayError('RELAY_USAGE', message, { hint });
}
