/**
 * Programs from outside: where ffmpeg and MediaMTX are, what they can do, and how they get here.
 * This file: the user's cache folder, and what is remembered there about each program.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export type Env = Readonly<Record<string, string | undefined>>;

/** `relay-gateway` in the folder where this system keeps what can be made again. */
export function cacheFolder(env: Env, platform: NodeJS.Platform = process.platform): string {
  const home = env.HOME || env.USERPROFILE || homedir();
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'relay-gateway');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'relay-gateway');
  // The XDG specification wants relative values ignored.
  const xdg = env.XDG_CACHE_HOME;
  return join(xdg && isAbsolute(xdg) ? xdg : join(home, '.cache'), 'relay-gateway');
}

/**
 * What `measure` found out about the program at `path`, remembered until the file changes: asking
 * ffmpeg what it can do takes five processes, and every start would wait for them.
 * A memory that can't be read or written is no error; a program that fails is not remembered.
 */
export async function remembered<T>(
  env: Env,
  kind: string,
  path: string,
  measure: () => Promise<T>,
  isFacts: (value: unknown) => value is T,
): Promise<T> {
  const identity = await identityOf(path);
  // By the path asked for, not the real one: /snap/bin/ffmpeg and /snap/bin/ffprobe are one file.
  const key = createHash('sha256').update(path).digest('hex').slice(0, 16);
  const folder = join(cacheFolder(env), 'programs');
  const file = join(folder, `${kind}-${key}.json`);
  try {
    const entry: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isRecord(entry) && entry.identity === identity && isFacts(entry.facts)) return entry.facts;
  } catch {
    // Missing or damaged: measured again.
  }
  const facts = await measure();
  const part = `${file}.${randomUUID()}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(part, JSON.stringify({ identity, facts }));
    await rename(part, file);
  } catch {
    await rm(part, { force: true }).catch(() => {});
  }
  return facts;
}

async function identityOf(path: string): Promise<string> {
  const real = await realpath(path);
  const { size, mtimeMs } = await stat(real);
  return `${real} ${size} ${mtimeMs}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
