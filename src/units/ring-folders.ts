/**
 * The folders into which the server records. They are held open, and the server gets a name that leads to what is held:
 * whoever renames a folder, or puts a link in its place, moves nothing that the server writes anywhere else.
 */
import { existsSync, constants as mode } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { identityOf } from '../record/folder.ts';

const PROC = existsSync('/proc/self/fd') ? `/proc/${process.pid}/fd` : undefined;

export class RingFolders {
  readonly #held = new Map<string, { handle: FileHandle; identity: string }>();
  /** Closed at the end, not before: their numbers must not lead to other files while the server may still use them. */
  readonly #replaced: FileHandle[] = [];

  /** @returns false: what has this name now is not the folder that is meant */
  async hold(ring: string, identity: string): Promise<boolean> {
    const held = this.#held.get(ring);
    if (held?.identity === identity) return true;
    const flags = mode.O_RDONLY | mode.O_DIRECTORY | mode.O_NOFOLLOW;
    const handle = await open(ring, flags).catch(() => undefined);
    if (handle === undefined) return false;
    if (identityOf(await handle.stat({ bigint: true })) !== identity) {
      await handle.close();
      return false;
    }
    if (held) this.#replaced.push(held.handle);
    this.#held.set(ring, { handle, identity });
    return true;
  }

  /** What the server is told. Where there is no /proc it is the name itself. */
  pathOf(ring: string): string | undefined {
    const held = this.#held.get(ring);
    if (held === undefined) return undefined;
    return PROC === undefined ? ring : `${PROC}/${held.handle.fd}`;
  }

  async close(): Promise<void> {
    const handles = [...this.#replaced.splice(0), ...[...this.#held.values()].map(({ handle }) => handle)];
    this.#held.clear();
    await Promise.all(handles.map((handle) => handle.close()));
  }
}
