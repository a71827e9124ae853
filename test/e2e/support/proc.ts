/** What Linux says about processes: who lives, what they cost. */
import { readdirSync, readFileSync } from 'node:fs';

interface Stat {
  pid: number;
  parent: number;
  state: string;
  /** user + system, in clock ticks. */
  ticks: number;
  /** The same of all its children that have ended. */
  endedTicks: number;
  rssPages: number;
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold blanks and brackets: the fields start after the last one.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      pid,
      state: fields[0] ?? '?',
      parent: Number(fields[1]),
      ticks: Number(fields[11]) + Number(fields[12]),
      endedTicks: Number(fields[13]) + Number(fields[14]),
      rssPages: Number(fields[21]),
    };
  } catch {
    return undefined;
  }
}

function allStats(): Stat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat): stat is Stat => stat !== undefined);
}

/** Whether a process runs: a zombie does not. */
export function isAlive(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X';
}

/** All descendants of a process that run, without itself. */
export function descendants(pid: number): number[] {
  const stats = allStats().filter((stat) => stat.state !== 'Z');
  const found: number[] = [];
  const queue = [pid];
  for (let parent = queue.shift(); parent !== undefined; parent = queue.shift()) {
    for (const stat of stats) {
      if (stat.parent === parent) {
        found.push(stat.pid);
        queue.push(stat.pid);
      }
    }
  }
  return found;
}

export interface Usage {
  cpuSeconds: number;
  rssBytes: number;
}

/** What one process has used so far; zero when it is gone. */
export function usageOf(pid: number): Usage {
  const stat = statOf(pid);
  return stat === undefined
    ? { cpuSeconds: 0, rssBytes: 0 }
    : { cpuSeconds: stat.ticks / TICKS_PER_SECOND, rssBytes: stat.rssPages * PAGE_BYTES };
}

/** A process and all its descendants that still run. Those that ended are not in it. */
export function usageOfTree(pid: number): Usage {
  const all = [pid, ...descendants(pid)].map(usageOf);
  return {
    cpuSeconds: all.reduce((sum, one) => sum + one.cpuSeconds, 0),
    rssBytes: all.reduce((sum, one) => sum + one.rssBytes, 0),
  };
}

/** CPU seconds of a process, of its descendants, and of all their children that have ended. */
export function usageWithChildren(pid: number): number {
  const stats = [pid, ...descendants(pid)].map(statOf).filter((stat) => stat !== undefined);
  return stats.reduce((sum, stat) => sum + stat.ticks + stat.endedTicks, 0) / TICKS_PER_SECOND;
}

/** Command line of a process, as started. */
export function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/** Running processes whose environment holds `marker` (e.g. "RELAY_TEST=abc"), whoever their parent is. */
export function aliveWith(marker: string): number[] {
  return allStats()
    .filter((stat) => stat.state !== 'Z' && stat.state !== 'X')
    .map((stat) => stat.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(marker);
      } catch {
        return false;
      }
    });
}
