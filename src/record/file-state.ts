/** How far a file that grows has come, kept where a recorder that begins again finds it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folder, replaceText } from './folder.ts';
import { bootId } from './process-start.ts';

/** Runs that are kept: the ring holds what is left of the last ones. */
const MOST = 16;

/** Where what was written of each run ends (ticks of the leading track); the last one is the one that goes on. */
export type Written = Map<string, number>;

/** Empty: nothing is known. After a new start of the machine the disk may hold less than was written. */
export async function loadWritten(folder: Folder, name: string): Promise<Written> {
  try {
    const text = await folder.use((base) => readFile(join(base, fileOf(name)), 'utf8'));
    const { runs, boot } = JSON.parse(text) as { runs: unknown; boot: unknown };
    return new Map(Array.isArray(runs) && boot === bootId() ? runs.filter(isEnd) : []);
  } catch {
    return new Map();
  }
}

export async function saveWritten(folder: Folder, name: string, written: Written): Promise<void> {
  await replaceText(folder, fileOf(name), JSON.stringify({ runs: [...written], boot: bootId() }));
}

export function noteWritten(written: Written, run: string, endDts: number): void {
  written.delete(run);
  written.set(run, endDts);
  for (const oldest of written.keys()) if (written.size > MOST) written.delete(oldest);
}

function isEnd(value: unknown): value is [string, number] {
  return Array.isArray(value) && typeof value[0] === 'string' && Number.isFinite(value[1]);
}

const fileOf = (name: string): string => `${name}.json`;
