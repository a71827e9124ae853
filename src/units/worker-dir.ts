/** The private folder of a worker: sockets and shared memory, readable by nobody else, gone with it. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killMarked, WORKER_MARK } from '../children/leftovers.ts';

const name = /^relay-worker-(\d+)-/;

/** Short, because the path of a unix socket may have 107 bytes. */
export function createWorkerDir(): string {
  return mkdtempSync(join(tmpdir(), `relay-worker-${process.pid}-`));
}

export function removeWorkerDir(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

/** A gateway that was killed could not tidy up: folders, and forks of hooks, whose gateway does not live any more. */
export function removeStrayWorkerDirs(): void {
  removeStrayMemory();
  for (const entry of listing(tmpdir())) {
    const pid = Number(name.exec(entry)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || pid === process.pid || lives(pid)) continue;
    const dir = join(tmpdir(), entry);
    void killMarked(`${WORKER_MARK}=${dir}`);
    try {
      removeWorkerDir(dir);
    } catch {
      // another user's
    }
  }
}

/** A folder that can't be read is reported by whoever needs it. */
function listing(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Shared memory of hooks whose worker was killed before both sides had it. */
function removeStrayMemory(): void {
  for (const entry of listing('/dev/shm')) {
    const pid = Number(/^relay-hook-(\d+)-/.exec(entry)?.[1] ?? Number.NaN);
    if (!Number.isNaN(pid) && !lives(pid)) rmSync(join('/dev/shm', entry), { force: true });
  }
}

function lives(pid: number): boolean {
  if (process.platform === 'linux') return existsSync(`/proc/${pid}`);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
