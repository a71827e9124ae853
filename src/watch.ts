/** Tells when the text of a file changed, however it was saved: in place, by rename, by a swapped symlink. */
import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { messageOf } from './errors.ts';
import type { Log } from './observe/log.ts';

/** Saves come as several events; what is read before the last of them (ms) may be half a file. */
const settle = 100;

export interface FileWatch {
  /** From here on no change is missed; what is there by now counts as known. */
  readonly stands: Promise<void>;
  close(): void;
}

export function watchFile(file: string, changed: () => void, log: Log): FileWatch {
  /** By the name that is looked for: the file's own, and that of what it links to. */
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  let last = '';

  const hash = async () =>
    readFile(file).then(
      (text) => createHash('sha256').update(text).digest('hex'),
      () => 'missing',
    );

  const lost = (error: unknown) => log.warn(`${file} is no longer watched: ${messageOf(error)}`);

  // The folder, not the file: a file that is replaced takes its watch with it into the bin.
  const watchFolder = (target: string): void => {
    const watcher = watch(dirname(target), (_event, name) => {
      const swapped = name === null || name === basename(target) || name.startsWith('..');
      if (!swapped) return;
      clearTimeout(timer);
      timer = setTimeout(() => void look(), settle);
    });
    watcher.on('error', lost);
    watchers.set(target, watcher);
  };

  /** A link may lead elsewhere by now. */
  const follow = async (): Promise<void> => {
    const real = await realpath(file).catch(() => file);
    if (ended) return;
    for (const [target, watcher] of watchers) {
      if (target === file || target === real) continue;
      watcher.close();
      watchers.delete(target);
    }
    if (!watchers.has(real)) watchFolder(real);
  };

  const look = async (): Promise<void> => {
    await stands;
    await follow().catch(lost);
    const now = await hash();
    if (ended || now === last) return;
    last = now;
    changed();
  };

  watchFolder(file);
  const stands = follow()
    .catch(lost)
    .then(async () => {
      last = await hash();
    });
  const close = (): void => {
    ended = true;
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
  return { stands, close };
}
