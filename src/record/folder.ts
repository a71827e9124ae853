/**
 * A folder that can't be swapped under our hands: each step into it is opened without following a link, and files are
 * named through the open folder (`/proc/self/fd`), so that whoever renames or replaces folders meanwhile moves nothing
 * of ours anywhere else. Where there is no /proc, the steps are looked at just before the name is used.
 */
import { existsSync, constants as mode } from 'node:fs';
import { type FileHandle, mkdir, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RelayError } from '../errors.ts';

export interface Folder {
  /** Its name, for people and for programs that we start. */
  readonly path: string;
  /** @param base what file names are joined to, as long as the work lasts */
  use<T>(work: (base: string, handle: FileHandle) => Promise<T>): Promise<T>;
}

/** The folder that `path` led to at first. */
export interface Root {
  path: string;
  dev: bigint;
  ino: bigint;
}

export interface Step {
  name: string;
  /** Mode of the folder that is made where there is none; undefined: it must be there. */
  make?: number;
  /** Called with a folder that was entered: throws when it isn't fit. `made`: just now. */
  check?: (entered: { base: string; handle: FileHandle; path: string; made: boolean }) => Promise<void>;
}

const DIRECTORY = mode.O_RDONLY | mode.O_DIRECTORY | mode.O_NOFOLLOW;
export const NOT_THERE = ['ENOENT', 'ENOTDIR', 'ELOOP'];
const PROC = existsSync('/proc/self/fd');

/** A folder by its name alone: for commands that only read. */
export function plainFolder(path: string): Folder {
  return {
    path,
    async use(work) {
      const handle = await open(path, mode.O_RDONLY | mode.O_DIRECTORY);
      try {
        return await work(path, handle);
      } finally {
        await handle.close();
      }
    },
  };
}

export function folderAt(root: Root, steps: Step[]): Folder {
  return {
    path: join(root.path, ...steps.map(({ name }) => name)),
    use: (work) => enter(root, steps, work),
  };
}

/** Takes the steps from the root and does the work in the folder that they lead to. */
export async function enter<T>(
  root: Root,
  steps: Step[],
  work: (base: string, handle: FileHandle) => Promise<T>,
): Promise<T> {
  let path = root.path;
  let handle = await open(path, DIRECTORY).catch((error: unknown) => {
    if (!NOT_THERE.includes(codeOf(error) ?? '')) throw error;
    throw new RelayError('RELAY_RECORD_FOLDER', `${path} is gone, or is no folder any more`);
  });
  let base = baseOf(handle, path);
  try {
    if (identityOf(await handle.stat({ bigint: true })) !== identityOf(root)) {
      throw new RelayError(
        'RELAY_RECORD_FOLDER',
        `${path} is not the folder any more that it was at the start: set it right, or start the gateway again`,
      );
    }
    for (const step of steps) {
      const made = await makeFolder(join(base, step.name), step.make);
      // A new name is lasting when the folder that holds it was written.
      if (made) await syncFolder(handle);
      path = join(path, step.name);
      const next = await openStep(join(base, step.name), path);
      await handle.close();
      handle = next;
      base = baseOf(handle, path);
      await step.check?.({ base, handle, path, made });
    }
    return await work(base, handle);
  } catch (error) {
    // People know the folder by its own name.
    if (error instanceof Error && base !== path) error.message = error.message.replaceAll(base, path);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Device and inode: two names that lead to the same folder have the same. */
export function identityOf({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`;
}

/** A small file of ours: the old text or the new one is there, never a part of it. */
export async function replaceText(folder: Folder, name: string, text: string): Promise<void> {
  await folder.use(async (base) => {
    await writeFile(join(base, `${name}.new`), text, { mode: 0o600 });
    await rename(join(base, `${name}.new`), join(base, name));
  });
}

/** Not every file system can write a folder; that is no error. */
export async function syncFolder(handle: FileHandle): Promise<void> {
  await handle.sync().catch((error: unknown) => {
    if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes(codeOf(error) ?? '')) throw error;
  });
}

/** Of an error of `enter`: a sub-folder on the way is a link or a file. */
export function leadsElsewhere(error: unknown): boolean {
  return error instanceof RelayError && isLink(error.cause);
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

async function makeFolder(name: string, make: number | undefined): Promise<boolean> {
  if (make === undefined) return false;
  try {
    await mkdir(name, make);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function openStep(name: string, path: string): Promise<FileHandle> {
  try {
    return await open(name, DIRECTORY);
  } catch (error) {
    if (!isLink(error)) throw error;
    throw new RelayError('RELAY_RECORD_FOLDER', `${path} is a link or a file, not a folder`, {
      cause: error,
    });
  }
}

/** Linux says ENOTDIR of a link to a folder when a folder is asked for, others say ELOOP. */
function isLink(error: unknown): boolean {
  return ['ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '');
}

function baseOf(handle: FileHandle, path: string): string {
  return PROC ? `/proc/self/fd/${handle.fd}` : path;
}
