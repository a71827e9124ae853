/**
 * The folder of a sink. Files come into it whole: written below `.relay`, which nobody else can enter, and linked to
 * their names when they are on the disk. Nothing is overwritten, no link is followed, and nothing outside is touched.
 */
import { type FileHandle, mkdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, RelayError } from '../errors.ts';
import {
  codeOf,
  enter,
  type Folder,
  folderAt,
  identityOf,
  NOT_THERE,
  type Root,
  type Step,
} from './folder.ts';
import { createFolderList } from './folder-list.ts';
import { createOwnership } from './ownership.ts';
import { createUnused, type LinkFile, linkUnused, replaceFile } from './publish.ts';
import { type RemoveResult, removeFile } from './remove.ts';
import { createTemporary, sweepTemporary, type Temporary } from './temporary.ts';
import { type FoundFile, walk } from './walk.ts';

/** Recordings are nobody else's business than the user's and the group's. */
const FOLDER_MODE = 0o750;
const PRIVATE = '.relay';
const PRIVATE_MODE = 0o700;

export interface Store {
  /** Absolute, without links. */
  readonly path: string;
  /** Throws unless the name still leads to the folder that it led to at the start. */
  check(): Promise<void>;
  /** A folder below `.relay`, made where it is missing: for ledgers and rings. */
  folder(name: string): Promise<Folder>;
  /** A new file below `.relay/tmp`. */
  temporary(extension: string): Promise<Temporary>;
  /**
   * Gives a temporary file its name: `name`, or `name-1`, `name-2` … where that is taken. Returns the name that it
   * got. A file of that name with the very same bytes is the same file, published before a crash.
   */
  publish(file: Temporary, name: string): Promise<string>;
  /**
   * A new file under its final name, or `name-1` … where that is taken: for one that grows in everybody's sight.
   * @param also the extension (".mkv") of what is made of it: the name is free with that one, too
   */
  create(name: string, also?: string): Promise<{ name: string; path: string; handle: FileHandle }>;
  /** The same for a file that is replaced again and again. */
  replace(file: Temporary, name: string): Promise<void>;
  /** Removes a file of exactly this size, and folders of ours that are empty then. */
  remove(name: string, size: number): Promise<RemoveResult>;
  /** Removes temporary files of runs that ended without tidying up. */
  sweep(): Promise<void>;
  /** All regular files, by their names below the folder; not those of `.relay`, nor any behind links. */
  files(): AsyncIterable<FoundFile>;
}

/**
 * @param dir made if it is missing; links on the way to it are followed now, and never again
 * @param link for tests: a file system without hard links
 */
export async function openStore(dir: string, link?: LinkFile): Promise<Store> {
  const root = await openRoot(dir);
  const ownership = createOwnership();
  const at = (names: string[]): Folder =>
    folderAt(
      root,
      names.map((name) => ({ name })),
    );
  const inPrivate = (names: string[]): Folder =>
    folderAt(root, [
      { name: PRIVATE, make: PRIVATE_MODE, check: ownership.check },
      ...names.map((name) => ({ name, make: PRIVATE_MODE })),
    ]);
  const temporaries = inPrivate(['tmp']);
  const made = createFolderList(inPrivate([]));
  await temporaries.use(async () => undefined);

  /** The folder for a new file, made where it is missing. */
  const forNew = (parts: string[]): Folder =>
    folderAt(
      root,
      parts.map(
        (name, index): Step => ({
          name,
          make: FOLDER_MODE,
          check: async (entered) => {
            if (entered.made) await made.add(parts.slice(0, index + 1).join('/'));
          },
        }),
      ),
    );

  return {
    path: root.path,
    async check() {
      await enter(root, [], async () => undefined);
      const now = await stat(dir, { bigint: true }).catch((error: unknown) => {
        if (!NOT_THERE.includes(codeOf(error) ?? '')) throw error;
        throw new RelayError('RELAY_RECORD_FOLDER', `${dir} can't be found any more: set it right`);
      });
      if (identityOf(now) === identityOf(root)) return;
      throw new RelayError(
        'RELAY_RECORD_FOLDER',
        `${dir} led to ${root.path} at the start and leads elsewhere now: set it right, or start the gateway again`,
      );
    },
    async folder(name) {
      const folder = inPrivate(partsOf(name));
      await folder.use(async () => undefined);
      return folder;
    },
    temporary: (extension) => createTemporary(temporaries, extension),
    async publish(file, name) {
      const { parents, last } = split(name);
      const got = await again(() =>
        linkUnused({ file, from: temporaries, to: forNew(parents), name: last, ...(link && { link }) }),
      );
      return [...parents, got].join('/');
    },
    async create(name, also) {
      const { parents, last } = split(name);
      const made = await again(() => createUnused(forNew(parents), last, also));
      const got = [...parents, made.name].join('/');
      return { name: got, path: join(root.path, got), handle: made.handle };
    },
    async replace(file, name) {
      const { parents, last } = split(name);
      await again(() => replaceFile({ file, from: temporaries, to: forNew(parents), name: last }));
    },
    async remove(name, size) {
      // A ledger that somebody has changed may say anything.
      if (!isName(name)) return 'other';
      const { parents, last } = split(name);
      const result = await removeFile(at(parents), last, size);
      if (result !== 'removed') return result;
      for (let depth = parents.length; depth > 0; depth--) {
        const folder = parents.slice(0, depth);
        if (!(await made.removeEmpty(at(folder.slice(0, -1)), folder))) break;
      }
      return result;
    },
    async sweep() {
      await sweepTemporary(temporaries);
      await made.tidy((name) =>
        at(partsOf(name))
          .use(async () => true)
          .catch(() => false),
      );
    },
    files: () => walk(at, PRIVATE),
  };
}

async function openRoot(dir: string): Promise<Root> {
  try {
    await mkdir(dir, { recursive: true, mode: FOLDER_MODE });
    const path = await realpath(dir);
    const { dev, ino } = await stat(path, { bigint: true });
    return { path, dev, ino };
  } catch (error) {
    throw new RelayError('RELAY_RECORD_FOLDER', `can't use ${dir}: ${messageOf(error)}`, { cause: error });
  }
}

/** Once more when a folder that was empty was removed at this very moment. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return await work();
  }
}

function split(name: string): { parents: string[]; last: string } {
  if (!isName(name)) throw badName(name);
  const parts = name.split('/');
  return { parents: parts.slice(0, -1), last: parts.at(-1)! };
}

/** Of a file that can be ours. Lower case: some file systems take .Relay for the same. */
function isName(name: string): boolean {
  return staysBelow(name) && name.split('/')[0]!.toLowerCase() !== PRIVATE;
}

function partsOf(name: string): string[] {
  if (!staysBelow(name)) throw badName(name);
  return name.split('/');
}

/** Names come out of ledgers and patterns: they must stay below the folder. */
function staysBelow(name: string): boolean {
  return !name.split('/').some((part) => ['', '.', '..'].includes(part) || part.includes('\0'));
}

function badName(name: string): RelayError {
  return new RelayError('RELAY_RECORD_FOLDER', `${JSON.stringify(name)} can't be the name of a recording`);
}
