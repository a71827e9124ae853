/**
 * Where the ring of a path lies: below the private folder of the route's first sink, which nobody else can enter. It is
 * one recorder's at a time, and it is looked after: somebody may remove it, or put another folder or a link there.
 */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Folder, identityOf } from './folder.ts';
import { RingLock } from './ring-lock.ts';
import { openStore, type Store } from './store.ts';
import type { RecordSpec } from './types.ts';

export class RingPlace {
  readonly #dir: string;
  readonly #path: string;
  #store: Store | undefined;
  #lock: RingLock | undefined;
  /** The folder of all rings, and its identity when it was entered. */
  #rings: { folder: Folder; identity: string } | undefined;

  /** @param path the recorded path */
  constructor(home: RecordSpec, path: string) {
    this.#dir = home.kind === 'file' ? dirname(home.path) : home.dir;
    this.#path = path;
  }

  /** Of the folder of rings that was entered. */
  get identity(): string {
    return this.#rings!.identity;
  }

  /** Before anything of it is read: whoever has it writes there. Rejects while somebody else does. */
  async own(): Promise<void> {
    this.#store ??= await openStore(this.#dir);
    this.#lock ??= new RingLock(this.#store, this.#path);
    await this.#lock.take();
  }

  /** Makes what is missing. After `own`. @returns the ring's folder, if it isn't the one that was entered before */
  async enter(): Promise<string | undefined> {
    const folder = await this.#store!.folder('ring');
    const identity = await folder.use(async (_base, handle) =>
      identityOf(await handle.stat({ bigint: true })),
    );
    const own = await this.#store!.folder(`ring/${this.#path}`);
    if (this.#rings?.identity === identity) return undefined;
    await this.#lock!.take();
    this.#rings = { folder, identity };
    return own.path;
  }

  /** As `enter`, where something has changed since. Rejects when it can't be made good. */
  async stay(): Promise<string | undefined> {
    const { folder, identity } = this.#rings!;
    const there = await stat(folder.path, { bigint: true }).catch(() => undefined);
    return there && identityOf(there) === identity ? undefined : this.enter();
  }

  /** The next `enter` is the first one. */
  leave(): void {
    this.#rings = undefined;
  }

  async release(): Promise<void> {
    await this.#lock?.release();
  }
}
