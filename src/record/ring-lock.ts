/**
 * One recorder at a time for each ring: a small file below `.relay` tells which process that is. What a process left
 * that is gone, or that ran before the machine started, counts for nothing. Where no /proc tells, there is no lock.
 */
import { existsSync, constants as mode } from 'node:fs';
import { open, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RelayError } from '../errors.ts';
import { codeOf } from './folder.ts';
import { bootId, startOf } from './process-start.ts';
import type { Store } from './store.ts';

interface Holder {
  pid: number;
  /** When the process started, and on which start of the machine. */
  start: string;
  boot: string;
  /** Its parent, which starts another one when it dies: nobody else may come in between. */
  gateway: number;
  gatewayStart: string;
}

const PROC = existsSync('/proc/self/stat');
const FULL = ['ENOSPC', 'EDQUOT'];
const FLAGS = mode.O_WRONLY | mode.O_CREAT | mode.O_EXCL | mode.O_NOFOLLOW;

export class RingLock {
  readonly #store: Store;
  readonly #name: string;
  readonly #mine: string;
  /** It was empty at the last try: it may have been made at that very moment. */
  #empty = false;

  constructor(store: Store, path: string) {
    this.#store = store;
    this.#name = `${path.replaceAll('/', '~')}.lock`;
    const { pid, ppid: gateway } = process;
    const [start = '', gatewayStart = ''] = [pid, gateway].map(startOf);
    const holder: Holder = { pid, start, boot: bootId(), gateway, gatewayStart };
    this.#mine = JSON.stringify(holder);
  }

  /** Rejects when another process has it. May be called again. */
  async take(): Promise<void> {
    if (!PROC) return;
    try {
      await this.#take();
    } catch (error) {
      // What the disk has no room for may go in a moment, and only who records removes it.
      if (!FULL.includes(codeOf(error) ?? '')) throw error;
    }
  }

  async #take(): Promise<void> {
    const folder = await this.#store.folder('locks');
    await folder.use(async (base) => {
      const file = join(base, this.#name);
      if (await this.#make(file)) return;
      const text = await textOf(file);
      if (text === this.#mine) return;
      const unsure = text === '' && !this.#empty;
      this.#empty = text === '';
      const holder = holderOf(text);
      if (unsure || (holder && lives(holder))) throw this.#held(holder?.gateway);
      await this.#clear(base, text);
      if (!(await this.#make(file))) throw this.#held(holderOf(await textOf(file))?.gateway);
    });
  }

  async release(): Promise<void> {
    if (!PROC) return;
    const folder = await this.#store.folder('locks');
    await folder.use(async (base) => {
      const file = join(base, this.#name);
      if ((await textOf(file)) === this.#mine) await unlink(file);
    });
  }

  /** false: there is one. */
  async #make(file: string): Promise<boolean> {
    const handle = await open(file, FLAGS, 0o600).catch((error: unknown) => {
      if (codeOf(error) === 'EEXIST') return undefined;
      throw error;
    });
    if (!handle) return false;
    try {
      await handle.writeFile(this.#mine);
    } catch (error) {
      await unlink(file).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
    return true;
  }

  /** Under a name of our own first: somebody else may have done the same meanwhile, and what is there be theirs. */
  async #clear(base: string, stale: string): Promise<void> {
    const [file, aside] = [join(base, this.#name), join(base, `${this.#name}.${process.pid}`)];
    await rename(file, aside);
    const text = await textOf(aside);
    if (text !== stale) await writeFile(file, text, { flag: FLAGS, mode: 0o600 }).catch(() => {});
    await unlink(aside);
  }

  #held(gateway: number | undefined): RelayError {
    const who = gateway === undefined ? '' : ` (pid ${gateway})`;
    return new RelayError(
      'RELAY_RECORD_FOLDER',
      `${this.#store.path} is recorded by another gateway already${who}: give one of them another folder`,
    );
  }
}

/** Empty where there is none. */
async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, { encoding: 'utf8', flag: mode.O_RDONLY | mode.O_NOFOLLOW });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

function holderOf(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder | null;
    return Number.isInteger(holder?.pid) ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function lives({ pid, start, boot, gateway, gatewayStart }: Holder): boolean {
  if (boot !== bootId()) return false;
  return isThere(pid, start) || (gateway !== process.ppid && isThere(gateway, gatewayStart));
}

function isThere(pid: number, start: string): boolean {
  return typeof start === 'string' && startOf(pid) === start;
}
