/** Bytes of samples on their way from ring files into a file of ours: from disk to disk, with little memory. */
import type { FileHandle } from 'node:fs/promises';
import type { Sample } from '../types.ts';
import type { Part } from './layout.ts';
import { openRegular, readInto } from './open.ts';
import { partHeader } from './parts.ts';

/** Memory for bytes on their way. */
const BUFFER = 1024 * 1024;
/** A read costs more than some bytes: what lies between two tracks of a ring file is read along with them. */
const BETWEEN = 64 * 1024;
/** Ring files open at once: tracks of a part lie in the same one, or in the next. */
const MOST_OPEN = 4;

/** @param number of the part within the file, from 1 */
export async function writePart(out: Output, sources: Sources, part: Part, number: number): Promise<void> {
  await out.add(partHeader(part, number));
  await out.copy(sources, stretches(part.runs.flatMap(({ placed }) => placed.map(({ sample }) => sample))));
}

interface Stretch {
  file: string;
  offset: number;
  size: number;
}

/** Samples that lie next to each other are one stretch. */
function stretches(samples: readonly Sample[]): Stretch[] {
  const found: Stretch[] = [];
  for (const { file, offset, size } of samples) {
    const last = found.at(-1);
    if (last !== undefined && last.file === file && last.offset + last.size === offset) last.size += size;
    else found.push({ file, offset, size });
  }
  return found;
}

/** A stretch and where its bytes go. */
interface Target extends Stretch {
  bytes: Buffer;
}

export class Output {
  readonly #handle: FileHandle;
  readonly #buffer = Buffer.allocUnsafe(BUFFER);
  readonly #between = Buffer.allocUnsafe(BETWEEN);
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

  /** The stretches one after the other, in as few reads as may be. */
  async copy(sources: Sources, wanted: readonly Stretch[]): Promise<void> {
    const total = wanted.reduce((sum, { size }) => sum + size, 0);
    if (total > BUFFER - this.#used) await this.flush();
    if (total > BUFFER) {
      for (const stretch of wanted) await this.#copyLong(await sources.open(stretch.file), stretch);
      return;
    }
    const targets = wanted.map((stretch): Target => {
      const bytes = this.#buffer.subarray(this.#used, this.#used + stretch.size);
      this.#used += stretch.size;
      return { ...stretch, bytes };
    });
    for (const neighbours of spansOf(targets)) await this.#gather(sources, neighbours);
  }

  async #gather(sources: Sources, targets: readonly Target[]): Promise<void> {
    const [first] = targets as [Target];
    const buffers: Buffer[] = [];
    let at = first.offset;
    for (const { offset, bytes } of targets) {
      if (offset > at) buffers.push(this.#between.subarray(0, offset - at));
      buffers.push(bytes);
      at = offset + bytes.length;
    }
    const source = await sources.open(first.file);
    const { bytesRead } = await source.readv(buffers, first.offset);
    if (bytesRead === at - first.offset) return;
    // Some file systems give less than they were asked for.
    for (const { file, offset, bytes } of targets) {
      const got = await readInto(source, bytes, offset);
      if (got < bytes.length) throw shorter(file);
    }
  }

  async #copyLong(source: FileHandle, { file, offset, size }: Stretch): Promise<void> {
    for (let done = 0; done < size; ) {
      if (this.#used === BUFFER) await this.flush();
      const want = Math.min(size - done, BUFFER - this.#used);
      const got = await readInto(source, this.#buffer.subarray(this.#used, this.#used + want), offset + done);
      if (got < want) throw shorter(file);
      this.#used += want;
      done += want;
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

/** Those of a file that lie near each other, in its order. */
function spansOf(targets: readonly Target[]): Target[][] {
  const sorted = [...targets].sort((a, b) =>
    a.file === b.file ? a.offset - b.offset : a.file < b.file ? -1 : 1,
  );
  const spans: Target[][] = [];
  for (const target of sorted) {
    const last = spans.at(-1)?.at(-1);
    const between = last?.file === target.file ? target.offset - (last.offset + last.size) : -1;
    if (between >= 0 && between <= BETWEEN) spans.at(-1)!.push(target);
    else spans.push([target]);
  }
  return spans;
}

function shorter(file: string): Error {
  return new Error(`${file} has become shorter than it was`);
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
