/** Tells when the text of a file changed, however it was saved: in place, by rename, by a swapped symlink. */
import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Log } from './observe/log.ts';

/** Saves come as several events; what is read before the last of them (ms) may be half a file. */
const settle = 100;

/** @returns a function that ends the watch */
export function watchFile(file: string, changed: () => void, log: Log): () => void {
  let timer: NodeJS.Timeout | undefined;
  let last = '';
  const hash = async () =>
    readFile(file).then(
      (text) => createHash('sha256').update(text).digest('hex'),
      () => 'missing',
    );
  const first = hash().then((sum) => {
    last = sum;
  });

  const look = async (): Promise<void> => {
    await first;
    const now = await hash();
    if (now === last) return;
    last = now;
    changed();
  };

  // The folder, not the file: a file that is replaced takes its watch with it into the bin.
  const watcher = watch(dirname(file), (_event, name) => {
    const swapped = name === null || name === basename(file) || name.startsWith('..');
    if (!swapped) return;
    clearTimeout(timer);
    timer = setTimeout(() => void look(), settle);
  });
  watcher.on('error', (error) => log.warn(`${file} is no longer watched: ${error.message}`));
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
