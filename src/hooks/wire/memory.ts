/**
 * Memory that two processes share: a file that both map. Node can't map files, so koffi calls mmap;
 * it is an optional dependency, and where it is not there pixels go through the socket.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export interface SharedMemory {
  readonly bytes: number;
  /** A new ArrayBuffer over a part of it. Whoever reads or writes it after `close` ends the process. */
  view(offset: number, bytes: number): ArrayBuffer;
  close(): void;
}

interface Mapper {
  map(fd: number, bytes: number): SharedMemory | undefined;
}

const READ_WRITE = 3;
const SHARED = 1;
const FAILED = (1n << 64n) - 1n;
const CHUNK = 1 << 20;

/**
 * The bytes under a new ArrayBuffer; all that points into the old one is empty from now on. Costs nothing for
 * memory of JavaScript's own, a copy for a view of shared memory (the new one is not shared).
 */
export function renewed(buffer: ArrayBuffer): ArrayBuffer {
  return structuredClone(buffer, { transfer: [buffer] });
}

/** undefined: this machine can't. */
export function createMapper(): Mapper | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi').default;
    const libc = koffi.load(null);
    const mmap = libc.func(
      'void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)',
    );
    const munmap = libc.func('int munmap(void *address, size_t length)');
    return {
      map(fd, bytes) {
        const address = mmap(null, bytes, READ_WRITE, SHARED, fd, 0) as bigint | null;
        if (address === null || BigInt.asUintN(64, address) === FAILED) return undefined;
        return {
          bytes,
          view: (offset, length) => koffi.view(address + BigInt(offset), length),
          close: () => void munmap(address, bytes),
        };
      },
    };
  } catch {
    return undefined;
  }
}

/** Makes a file of this size in the first folder that has room for it, and maps it. */
export function createShared(
  mapper: Mapper,
  folders: readonly string[],
  bytes: number,
): { file: string; memory: SharedMemory } | undefined {
  for (const folder of folders) {
    const file = join(folder, `relay-hook-${process.pid}-${randomBytes(8).toString('hex')}`);
    let fd: number | undefined;
    let memory: SharedMemory | undefined;
    try {
      fd = openSync(file, 'wx+', 0o600);
      reserve(fd, bytes);
      memory = mapper.map(fd, bytes);
    } catch {
      // full, or not ours to write: the next one
    }
    if (fd !== undefined) closeSync(fd);
    if (memory !== undefined) return { file, memory };
    removeShared(file);
  }
  return undefined;
}

export function openShared(mapper: Mapper, file: string, bytes: number): SharedMemory | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r+');
    return mapper.map(fd, bytes);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export function removeShared(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // it was removed already, or never made
  }
}

/** A hole in a file on a full disk kills who writes to its mapping (SIGBUS); writing it now throws ENOSPC. */
function reserve(fd: number, bytes: number): void {
  const zeros = Buffer.alloc(CHUNK);
  for (let at = 0; at < bytes; ) at += writeSync(fd, zeros, 0, Math.min(CHUNK, bytes - at), at);
}
