/** Whether a private folder is really ours: nobody else may have planted it or may enter it. */
import type { FileHandle } from 'node:fs/promises';
import { lstat, mkdtemp, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RelayError } from '../errors.ts';

const OTHERS = 0o077;

export interface Ownership {
  check(entered: { base: string; handle: FileHandle; path: string; made: boolean }): Promise<void>;
}

export function createOwnership(): Ownership {
  let owner: number | undefined;
  return {
    async check({ base, handle, path, made }) {
      const { uid, mode } = await handle.stat();
      owner ??= uid === process.geteuid?.() || made ? uid : await ownerOfNew(base);
      if (uid !== owner) {
        throw new RelayError('RELAY_RECORD_FOLDER', `${path} belongs to somebody else (user id ${uid})`);
      }
      // A file system without modes (FAT) says no, or says nothing and changes nothing.
      if ((mode & OTHERS) !== 0) await handle.chmod(0o700).catch(() => undefined);
    },
  };
}

/** On a network share files of ours may belong to another id; what we make there tells. */
async function ownerOfNew(base: string): Promise<number | undefined> {
  try {
    const probe = await mkdtemp(join(base, 'owner-'));
    const { uid } = await lstat(probe);
    await rmdir(probe);
    return uid;
  } catch {
    return undefined;
  }
}
