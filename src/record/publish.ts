/** How a finished file gets its name: whole or not at all, and never in the place of another. */
import { constants as mode } from 'node:fs';
import { type FileHandle, link as hardLink, lstat, open, rename, unlink } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { RelayError } from '../errors.ts';
import { codeOf, type Folder, syncFolder } from './folder.ts';
import { FILE_MODE, type Temporary } from './temporary.ts';

export type LinkFile = (from: string, to: string) => Promise<void>;

interface Job {
  file: Temporary;
  /** Where it is. */
  from: Folder;
  to: Folder;
  name: string;
}

const MOST = 1000;
/** What file systems without hard links answer. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];
const CHUNK = 1 << 18;

/** `name`, `name-1`, `name-2` … */
function* candidates(name: string): Generator<string> {
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  yield name;
  for (let count = 1; count <= MOST; count++) yield `${stem}-${count}${extension}`;
}

function allTaken(folder: Folder, name: string): RelayError {
  return new RelayError(
    'RELAY_RECORD_FOLDER',
    `${join(folder.path, name)} and ${MOST} names like it are taken`,
  );
}

/** A new file under the first name that is free. @param also an extension with which it must be free, too */
export async function createUnused(
  to: Folder,
  name: string,
  also?: string,
): Promise<{ name: string; handle: FileHandle }> {
  const flags = mode.O_RDWR | mode.O_CREAT | mode.O_EXCL | mode.O_NOFOLLOW;
  return to.use(async (target) => {
    for (const candidate of candidates(name)) {
      if (also !== undefined && (await isThere(join(target, withExtension(candidate, also))))) continue;
      try {
        return { name: candidate, handle: await open(join(target, candidate), flags, FILE_MODE) };
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error;
      }
    }
    throw allTaken(to, name);
  });
}

function withExtension(name: string, extension: string): string {
  return name.slice(0, name.length - extname(name).length) + extension;
}

function isThere(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

/** Returns the name that the file got. */
export async function linkUnused({ link = hardLink, ...job }: Job & { link?: LinkFile }): Promise<string> {
  const { file, from, to, name } = job;
  await file.handle.sync();
  const got = await from.use((source) =>
    to.use(async (target, folder) => {
      for (const candidate of candidates(name)) {
        if (await take(link, join(source, file.name), join(target, candidate), file.handle)) {
          await syncFolder(folder);
          return candidate;
        }
      }
      throw allTaken(to, name);
    }),
  );
  await file.discard();
  return got;
}

/** A link in that place is replaced, not followed; a folder is refused by the system. */
export async function replaceFile({ file, from, to, name }: Job): Promise<void> {
  await file.handle.sync();
  await from.use((source) => to.use((target) => rename(join(source, file.name), join(target, name))));
  await file.handle.close();
}

/** false: the name is taken by something else. */
async function take(link: LinkFile, source: string, target: string, file: FileHandle): Promise<boolean> {
  try {
    await link(source, target);
    return true;
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (code === 'EEXIST') return await same(file, target);
    if (NO_LINKS.includes(code)) return await takeByRename(source, target, file);
    if (code === 'EXDEV') {
      throw new RelayError('RELAY_RECORD_FOLDER', `${target} is on another disk than its folder`);
    }
    throw error;
  }
}

/** An empty file of ours holds the name, and the finished one replaces it. */
async function takeByRename(source: string, target: string, file: FileHandle): Promise<boolean> {
  let place: FileHandle;
  try {
    place = await open(target, mode.O_WRONLY | mode.O_CREAT | mode.O_EXCL | mode.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return await same(file, target);
    throw error;
  }
  try {
    const mine = await place.stat({ bigint: true });
    const there = await lstat(target, { bigint: true });
    if (mine.ino !== there.ino || mine.dev !== there.dev) return false;
    await rename(source, target);
    return true;
  } catch (error) {
    await unlink(target).catch(() => undefined);
    throw error;
  } finally {
    await place.close();
  }
}

/** Whether this name leads to a regular file of the same bytes. */
async function same(file: FileHandle, target: string): Promise<boolean> {
  const { size } = await file.stat();
  const there = await lstat(target);
  if (!there.isFile() || there.size !== size || size === 0) return false;
  const other = await open(target, mode.O_RDONLY | mode.O_NOFOLLOW);
  try {
    const ours = Buffer.allocUnsafe(CHUNK);
    const theirs = Buffer.allocUnsafe(CHUNK);
    for (let at = 0; at < size; ) {
      const length = Math.min(CHUNK, size - at);
      const [a, b] = await Promise.all([file.read(ours, 0, length, at), other.read(theirs, 0, length, at)]);
      const read = Math.min(a.bytesRead, b.bytesRead);
      if (read === 0 || ours.compare(theirs, 0, read, 0, read) !== 0) return false;
      at += read;
    }
    return true;
  } finally {
    await other.close();
  }
}
