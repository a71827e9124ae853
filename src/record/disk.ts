/**
 * Whether a disk takes recordings: room for them, with some left for others, and no errors. It says stop a little
 * before it is full, and go on only when there is clearly more room than that.
 */
import { statfs } from 'node:fs/promises';
import { messageOf } from '../errors.ts';
import { codeOf } from './folder.ts';
import type { Room } from './retention.ts';
import type { Store } from './store.ts';
import type { GapCause } from './types.ts';

export interface Space extends Room {
  /** Bytes of the whole disk. */
  total: number;
}

export type DiskState = { on: true } | { on: false; cause: GapCause; reason: string };

export interface Disk {
  state(): DiskState;
  /** What is free; tries to write when an error said that it can't. undefined: it can't be used now. */
  measure(): Promise<Space | undefined>;
  /** What must be free for recording to go on, or to begin again: what retention makes room for. */
  wanted(space: Space): Room;
  /** The new state after a look at what is free (after retention had its turn). */
  judge(space: Space): DiskState;
  /** A write failed. false: that is not the disk's fault. */
  failed(error: unknown): boolean;
}

export interface DiskOptions {
  store: Pick<Store, 'path' | 'check' | 'temporary'>;
  /** Bytes; undefined: the default. */
  reserve?: number | undefined;
  /** Size of a segment, as far as it is known. */
  segmentBytes: () => number;
  /** Milliseconds. */
  monotonic: () => number;
  /** For tests. */
  spaceOf?: (path: string) => Promise<Space>;
}

const AGAIN_AFTER = 2000;
const PART = 0.05;
const LEAST = 256_000;
const MOST = 1024 ** 3;
/** A ring file, a temporary one, a ledger's next file and their folders, for some routes. */
const INODES = 16;

const full = ['ENOSPC', 'EDQUOT'];
const broken = [
  ...['EROFS', 'EIO', 'EACCES', 'EPERM', 'ENODEV', 'ENXIO', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'ETIMEDOUT'],
  'RELAY_RECORD_FOLDER',
];

/** In its words: 5 % of the disk, at most 1 GiB. */
export function defaultReserve(total: number): number {
  return Math.max(LEAST, Math.min(MOST, Math.round(total * PART)));
}

export async function spaceOf(path: string): Promise<Space> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  // No number of inodes: this file system makes them as it needs them.
  return {
    bytes: bavail * bsize,
    total: blocks * bsize,
    inodes: files > 0 ? ffree : Number.POSITIVE_INFINITY,
  };
}

export function createDisk(options: DiskOptions): Disk {
  const { store, segmentBytes, monotonic } = options;
  let state: DiskState = { on: true };
  /** There was too little room at the last look. */
  let low = false;
  /** When an error was seen last. */
  let errorAt: number | undefined;

  const reserveOf = ({ total }: Space): Room => ({
    bytes: options.reserve ?? defaultReserve(total),
    inodes: INODES,
  });
  const wanted = (space: Space): Room => {
    const { bytes, inodes } = reserveOf(space);
    if (!low) return { bytes, inodes };
    const two = 2 * segmentBytes() || Number.POSITIVE_INFINITY;
    return { bytes: Math.min(bytes * 1.5, bytes + two), inodes: 2 * inodes };
  };
  const failed = (error: unknown): boolean => {
    const code = codeOf(error) ?? '';
    if (!full.includes(code) && !broken.includes(code)) return false;
    errorAt = monotonic();
    state = { on: false, cause: full.includes(code) ? 'disk-full' : 'disk-error', reason: messageOf(error) };
    return true;
  };

  return {
    state: () => state,
    wanted,
    failed,
    async measure() {
      if (errorAt !== undefined && monotonic() - errorAt < AGAIN_AFTER) return undefined;
      try {
        await store.check();
        if (errorAt !== undefined) await probe(store);
        errorAt = undefined;
        return await (options.spaceOf ?? spaceOf)(store.path);
      } catch (error) {
        if (!failed(error)) throw error;
        return undefined;
      }
    },
    judge(space) {
      if (errorAt !== undefined) return state;
      const { bytes, inodes } = wanted(space);
      low = space.bytes < bytes || space.inodes < inodes;
      if (!low) state = { on: true };
      else if (space.bytes < bytes) state = off(`${mega(space.bytes)} free, ${mega(bytes)} wanted`);
      else state = off(`${space.inodes} files can be made, ${inodes} wanted`);
      return state;
    },
  };
}

function off(reason: string): DiskState {
  return { on: false, cause: 'disk-full', reason };
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Whether a file can be made and written. */
async function probe(store: Pick<Store, 'temporary'>): Promise<void> {
  const file = await store.temporary('probe');
  try {
    await file.handle.write(Buffer.alloc(4096, 1));
    await file.handle.sync();
  } finally {
    await file.discard();
  }
}
