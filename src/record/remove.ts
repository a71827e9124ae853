/** Taking a recording away: only a file that is what the ledger says. */
import { lstat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, type Folder, leadsElsewhere } from './folder.ts';

/** `other`: there is something of that name, but not the file that was recorded. */
export type RemoveResult = 'removed' | 'missing' | 'other';

export async function removeFile(folder: Folder, name: string, size: number): Promise<RemoveResult> {
  try {
    return await folder.use(async (base) => {
      const found = await lstat(join(base, name));
      if (!found.isFile() || found.size !== size) return 'other';
      await unlink(join(base, name));
      return 'removed';
    });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'missing';
    if (leadsElsewhere(error)) return 'other';
    throw error;
  }
}
