/** Which sub-folders of a sink are of our making, so that only those are removed when they are empty. */
import { constants as mode } from 'node:fs';
import { open, opendir, readFile, rename, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, type Folder } from './folder.ts';

export interface FolderList {
  add(name: string): Promise<void>;
  /** @param above the folder that holds it  @param parts its name below the sink's folder */
  removeEmpty(above: Folder, parts: string[]): Promise<boolean>;
  /** Forgets those that are not there. */
  tidy(exists: (name: string) => Promise<boolean>): Promise<void>;
}

const FILE = 'folders';

export function createFolderList(folder: Folder): FolderList {
  const names = async (): Promise<string[]> => {
    const text = await folder
      .use((base) => readFile(join(base, FILE), 'utf8'))
      .catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return '';
        throw error;
      });
    return [...new Set(text.split('\n').filter((line) => line !== ''))];
  };
  return {
    async add(name) {
      // A name that can't stand on a line is not ours to remove; neither is one that there was no room for.
      if (name.includes('\n')) return;
      await folder
        .use(async (base) => {
          const flags = mode.O_WRONLY | mode.O_CREAT | mode.O_APPEND | mode.O_NOFOLLOW;
          const handle = await open(join(base, FILE), flags, 0o600);
          await handle.write(`${name}\n`).finally(() => handle.close());
        })
        .catch(() => undefined);
    },
    removeEmpty: (above, parts) =>
      above.use(async (base) => {
        const path = join(base, parts.at(-1)!);
        if (!(await isEmpty(path)) || !(await names()).includes(parts.join('/'))) return false;
        // Something came into it meanwhile, or it went.
        return await rmdir(path).then(
          () => true,
          () => false,
        );
      }),
    async tidy(exists) {
      const all = await names();
      const kept: string[] = [];
      for (const name of all) if (await exists(name)) kept.push(name);
      if (kept.length === all.length) return;
      await folder.use(async (base) => {
        await writeFile(join(base, `${FILE}.new`), kept.map((name) => `${name}\n`).join(''), { mode: 0o600 });
        await rename(join(base, `${FILE}.new`), join(base, FILE));
      });
    },
  };
}

async function isEmpty(path: string): Promise<boolean> {
  const folder = await opendir(path);
  try {
    return (await folder.read()) === null;
  } finally {
    await folder.close();
  }
}
