/** All files below a folder, without following links. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Folder } from './folder.ts';

export interface FoundFile {
  /** Below the folder, with slashes. */
  name: string;
  size: number;
}

const AT_ONCE = 200;

/** @param hidden name of a folder at the top that is left out */
export async function* walk(
  at: (names: string[]) => Folder,
  hidden: string,
  above: string[] = [],
): AsyncGenerator<FoundFile> {
  const folder = at(above);
  const entries = await folder.use((base) => readdir(base, { withFileTypes: true }));
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  for (let from = 0; from < files.length; from += AT_ONCE) {
    yield* await folder.use(async (base) => {
      const found = files.slice(from, from + AT_ONCE).map(async (file): Promise<FoundFile[]> => {
        const size = await lstat(join(base, file)).then(
          (stat) => (stat.isFile() ? stat.size : undefined),
          () => undefined,
        );
        return size === undefined ? [] : [{ name: [...above, file].join('/'), size }];
      });
      return (await Promise.all(found)).flat();
    });
  }
  for (const entry of entries) {
    if (!entry.isDirectory() || (above.length === 0 && entry.name === hidden)) continue;
    yield* walk(at, hidden, [...above, entry.name]);
  }
}
