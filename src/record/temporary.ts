/** Files that are being written: below `.relay/tmp`, each named after the run that writes it. */
import { randomBytes } from 'node:crypto';
import { constants as mode } from 'node:fs';
import { type FileHandle, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, type Folder } from './folder.ts';
import { startOf } from './process-start.ts';

export interface Temporary {
  /** Within its folder. */
  readonly name: string;
  /** For programs that write it. */
  readonly path: string;
  /** Open for reading and writing until it is published, replaced or discarded. */
  readonly handle: FileHandle;
  discard(): Promise<void>;
}

const FLAGS = mode.O_RDWR | mode.O_CREAT | mode.O_EXCL | mode.O_NOFOLLOW;
export const FILE_MODE = 0o640;
const NAME = /^(\d+)-(\d+)-[0-9a-f]+\.[a-z0-9]+$/;
const RUN = `${process.pid}-${startOf(process.pid) ?? 0}`;

/** @param extension without dot */
export async function createTemporary(folder: Folder, extension: string): Promise<Temporary> {
  const name = `${RUN}-${randomBytes(6).toString('hex')}.${extension}`;
  const handle = await folder.use((base) => open(join(base, name), FLAGS, FILE_MODE));
  return {
    name,
    path: join(folder.path, name),
    handle,
    async discard() {
      await handle.close();
      await unlinkAny(folder, name);
    },
  };
}

/** No error when it is gone already. */
export async function unlinkAny(folder: Folder, name: string): Promise<void> {
  await folder.use((base) =>
    unlink(join(base, name)).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    }),
  );
}

/** Removes what is left of runs that were killed: whose process is gone, or another one of the same number. */
export async function sweepTemporary(folder: Folder): Promise<void> {
  for (const name of await folder.use((base) => readdir(base))) {
    const [, pid, start] = NAME.exec(name) ?? [];
    if (pid === undefined || startOf(Number(pid)) === start) continue;
    await unlinkAny(folder, name);
  }
}
