/** Files in a sink's folder that no ledger tells of: what a user put there, or what a lost ledger knew. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { isEntry } from '../record/entry.ts';
import { plainFolder } from '../record/folder.ts';
import { readMeta } from '../record/mp4/header.ts';
import { readEntries } from '../record/shard.ts';
import { walk } from '../record/walk.ts';
import { ledgersBelow, PRIVATE } from './places.ts';

export interface UnknownFile {
  /** Below the folder. */
  path: string;
  /** Of which it says to be a segment. */
  route?: string;
}

/** Milliseconds: a file gets its name before its line in the ledger. */
const YOUNG = 10_000;

/** @param now wall clock, Unix seconds */
export async function unknownFiles(dir: string, now: number): Promise<UnknownFile[]> {
  // Nothing was recorded yet.
  if (!(await lstat(dir).catch(() => undefined))) return [];
  const there: string[] = [];
  for await (const { name } of walk((names) => plainFolder(join(dir, ...names)), PRIVATE)) there.push(name);
  // Read afterwards: nothing that was there can have come since.
  const known = await knownFiles(dir);
  const others = sinksBelow(there);
  const unknown: UnknownFile[] = [];
  for (const path of there) {
    if (known.has(path) || others.some((folder) => path.startsWith(folder))) continue;
    const stat = await lstat(join(dir, path)).catch(() => undefined);
    if (!stat || now * 1000 - stat.ctimeMs < YOUNG) continue;
    const meta = await readMeta(join(dir, path)).catch(() => undefined);
    const route = isEntry(meta) && 'route' in meta ? meta.route : undefined;
    unknown.push({ path, ...(typeof route === 'string' && { route }) });
  }
  return unknown.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function knownFiles(dir: string): Promise<Set<string>> {
  const known = new Set<string>();
  for (const folder of await ledgersBelow(dir)) {
    for await (const entry of readEntries(plainFolder(folder))) {
      if (entry.type !== 'segment') continue;
      known.add(entry.path);
      for (const { path } of entry.beside ?? []) known.add(path);
    }
  }
  return known;
}

/** Folders in it that are those of other sinks. */
function sinksBelow(names: readonly string[]): string[] {
  const found = names.flatMap((name) => {
    const at = `/${name}`.indexOf(`/${PRIVATE}/`);
    return at > 0 ? [name.slice(0, at)] : [];
  });
  return [...new Set(found)];
}
