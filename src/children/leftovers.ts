/** What processes of ours have started, found by what Linux tells of each process. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

const PAUSE = 10;
const PATIENCE = 2000;

/**
 * Ends all processes whose environment has this entry ("NAME=value"), also those that left their group.
 * Resolves when none is left, or when two seconds were not enough for the kernel.
 */
export async function killMarked(entry: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const until = performance.now() + PATIENCE;
  // Once more after the last was found: it may have forked before it died.
  for (let clean = 0; clean < 2 && performance.now() < until; ) {
    const found = await marked(entry);
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // gone meanwhile, or not ours
      }
    }
    if (found.length === 0) clean++;
    else {
      clean = 0;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

async function marked(entry: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const hits = await Promise.all(
    pids.map(async (pid) => {
      // Not readable: of another user, or gone. A zombie has none.
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      return environment.split('\0').includes(entry);
    }),
  );
  return pids.filter((_, index) => hits[index]).map(Number);
}

/** Resident bytes of a process and of all below it; 0 when nothing is known. */
export function residentBytes(pid: number): number {
  if (process.platform !== 'linux' || !existsSync(`/proc/${pid}`)) return 0;
  let kilobytes = 0;
  const seen = new Set<number>();
  const walk = (id: number): void => {
    if (seen.has(id)) return;
    seen.add(id);
    try {
      kilobytes += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'latin1'))?.[1] ?? 0);
      for (const thread of readdirSync(`/proc/${id}/task`)) {
        const children = readFileSync(`/proc/${id}/task/${thread}/children`, 'latin1');
        for (const child of children.split(' ')) if (child !== '') walk(Number(child));
      }
    } catch {
      // it ended meanwhile
    }
  };
  walk(pid);
  return kilobytes * 1024;
}

/** In the environment of all that a worker starts, with the worker's folder: what is left of it is found by it. */
export const WORKER_MARK = 'RELAY_WORKER';
