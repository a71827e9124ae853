/** Sinks on disk that would get in each other's way, or that nothing could write. */
import { parse } from 'node:path';
import { type DiskSink, folderOf, isDiskSink } from '../kinds/sinks/index.ts';
import type { Config } from './config.ts';
import { type Path, quote } from './diagnostic.ts';
import type { Reader } from './read.ts';

export function checkRecordings(config: Config, reader: Reader): void {
  /** What must be there once only → the route that has it. */
  const taken = new Map<string, string>();
  for (const route of Object.values(config.routes)) {
    const sinks = route.to.filter(isDiskSink);
    for (const sink of sinks) {
      const place = [...(reader.places.get(sink) ?? ['routes', route.name, 'to']), sink.kind];
      checkFolder(sink, placeOf(sink, place, reader), reader);
      for (const claim of claims(sink, route.name)) {
        const owner = taken.get(claim.key);
        if (owner === undefined) taken.set(claim.key, route.name);
        else reader.fail([...place, ...claim.at], claim.message(owner), claim.hint);
      }
    }
    if (sinks[0] && config.server.driver !== 'mediamtx') {
      const place = [...(reader.places.get(sinks[0]) ?? []), sinks[0].kind];
      reader.fail(place, 'recording needs the media server mediamtx', 'set driver: mediamtx', 'key');
    }
  }
}

interface Claim {
  key: string;
  /** Below the sink's own key. */
  at: string[];
  message(owner: string): string;
  hint?: string;
}

function claims(sink: DiskSink, route: string): Claim[] {
  if (sink.kind === 'file') {
    return [
      {
        key: `file ${sink.path}`,
        at: [],
        message: (owner) => `${quote(sink.path)} is written by route ${quote(owner)} already`,
        hint: 'give each its own file',
      },
    ];
  }
  const own: Claim = {
    key: `${sink.kind} ${route} ${sink.dir}`,
    at: ['dir'],
    message: () => `this route has ${sink.kind} in ${quote(sink.dir)} already`,
    hint: 'give each its own folder',
  };
  return [own, ...numbers(sink), ...newest(sink)];
}

/** Two files of one name and with the same bytes could not be told apart. */
function numbers(sink: Exclude<DiskSink, { kind: 'file' }>): Claim[] {
  const { kind, dir } = sink;
  const name = 'name' in sink ? sink.name : '';
  if (!name.includes('{seq}') || /\{(route|unix|utc)\}/.test(name)) return [];
  return [
    {
      key: `numbers ${kind} ${dir}`,
      at: ['name'],
      message: (owner) =>
        `route ${quote(owner)} counts in ${quote(dir)} already: both would want the same names`,
      hint: 'put {route} into the name, or give each its own folder',
    },
  ];
}

function newest(sink: Exclude<DiskSink, { kind: 'file' }>): Claim[] {
  if (sink.kind !== 'snapshots' || sink.latest === undefined) return [];
  const { dir, latest } = sink;
  return [
    {
      key: `latest ${dir}/${latest}`,
      at: ['latest'],
      message: (owner) => `${quote(latest)} in ${quote(dir)} is written by route ${quote(owner)} already`,
    },
  ];
}

function placeOf(sink: DiskSink, place: Path, reader: Reader): Path {
  if (sink.kind !== 'file') return [...place, 'dir'];
  const key = reader.tree.keyPositionOf([...place, 'path']);
  const short = reader.tree.keyPositionOf(place);
  return key.line === short.line && key.column === short.column ? place : [...place, 'path'];
}

function checkFolder(sink: DiskSink, place: Path, reader: Reader): void {
  const folder = folderOf(sink);
  if (folder === parse(folder).root) {
    reader.fail(place, 'nothing is recorded into the root of the disk', 'name a folder of its own');
  } else if (folder.includes('%')) {
    reader.fail(place, `${quote(folder)} has a %, which stands for values in names of the media server`);
  }
}
