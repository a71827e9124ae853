/** One installation at a time: the second waits for the first instead of building the same twice. */
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from './report.ts';
import { timed } from './report.ts';

const heartbeat = 5_000;
const abandoned = 30_000;

export async function withLock<T>(
  file: string,
  { report, signal }: { report: Report; signal?: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  if (!(await take(file))) {
    report.say('another installation is under way: waiting for it');
    await timed(report, () => 'waiting for the other installation', untilTaken(file, signal));
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {});
  }, heartbeat);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(file, { force: true });
  }
}

async function untilTaken(file: string, signal: AbortSignal | undefined): Promise<void> {
  while (!(await take(file))) await delay(250, undefined, { signal });
}

/** False while another process holds it. Should two clear an abandoned lock at once, both install: slow but sound. */
async function take(file: string): Promise<boolean> {
  const owner = `${process.pid} ${hostname()}`;
  for (;;) {
    try {
      await writeFile(file, owner, { flag: 'wx' });
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    if (!(await isAbandoned(file))) return false;
    await rm(file, { force: true });
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  const info = await stat(file).catch(() => undefined);
  if (!info) return true;
  if (Date.now() - info.mtimeMs > abandoned) return true;
  const [pid, host] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
  if (!pid || host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}
