/** Bytes of samples on their way from ring files into a file of ours: from disk to disk, with little memory. */
import type { FileHandle } from 'node:fs/promises';
import type { Sample } from '../types.ts';
import type { Part } from './layout.ts';
import { openRegular } from './open.ts';
import { partHeader } from './parts.ts';

/** Memory for bytes on their way. */
const BUFFER = 1024 * 1024;
/** Ring files open at once: tracks of a part lie in the same one, or in the next. */
const MOST_OPEN = 4;

/** @param number of the part within the file, from 1 */
export async function writePart(out: Output, sources: Sources, part: Part, number: number): Promise<void> {
  await out.add(partHeader(part, number));
  for (const run of part.runs)
    for (const stretch of stretches(run.placed.map((placed) => placed.sample)))
      await out.copy(await sources.open(stretch.file), stretch);
}

interface Stretch {
  file: string;
  offset: number;
  size: number;
}

/** Samples that lie next to each other are one read. */
function stretches(samples: readonly Sample[]): Stretch[] {
  const found: Stretch[] = [];
  for (const { file, offset, size } of samples) {
    const last = found.at(-1);
    if (last !== undefined && last.file === file && last.offset + last.size === offset) last.size += size;
    else found.push({ file, offset, size });
  }
  return found;
}

export class Output {
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(BUFFER);
  #used = 0;
  #written: number;

  /** @param at where to begin in the file */
  constructor(handle: FileHandle, at = 0) {
    this.#handle = handle;
    this.#written = at;
  }

  async add(bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length; ) {
      if (this.#used === BUFFER) await this.flush();
      const count = bytes.copy(this.#buffer, this.#used, from);
      this.#used += count;
      from += count;
    }
  }

  async copy(source: FileHandle, { file, offset, size }: Stretch): Promise<void> {
    for (let done = 0; done < size; ) {
      if (this.#used === BUFFER) await this.flush();
      const want = Math.min(size - done, BUFFER - this.#used);
      const { bytesRead } = await source.read(this.#buffer, this.#used, want, offset + done);
      if (bytesRead === 0) throw new Error(`${file} has become shorter than it was`);
      this.#used += bytesRead;
      done += bytesRead;
    }
  }

  /** @returns where the file ends now */
  async flush(): Promise<number> {
    for (let from = 0; from < this.#used; ) {
      const { bytesWritten } = await this.#handle.write(this.#buffer, from, this.#used - from, this.#written);
      from += bytesWritten;
      this.#written += bytesWritten;
    }
    this.#used = 0;
    return this.#written;
  }
}

export class Sources {
  readonly #open = new Map<string, FileHandle>();

  async open(file: string): Promise<FileHandle> {
    const known = this.#open.get(file);
    if (known !== undefined) return known;
    const [oldest] = this.#open;
    if (oldest !== undefined && this.#open.size >= MOST_OPEN) {
      this.#open.delete(oldest[0]);
      await oldest[1].close();
    }
    const handle = await openRegular(file);
    if (handle === undefined) throw new Error(`${file} is no regular file`);
    this.#open.set(file, handle);
    return handle;
  }

  async close(): Promise<void> {
    for (const handle of this.#open.values()) await handle.close();
  }
}
