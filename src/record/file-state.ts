/** How far a file that grows has come, kept where a recorder that begins again finds it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folder, replaceText } from './folder.ts';
import { bootId } from './process-start.ts';

/** Ticks of the leading track. */
export interface Written {
  run: string;
  endDts: number;
}

/** undefined: nothing is known. After a new start of the machine the disk may hold less than was written. */
export async function loadWritten(folder: Folder, name: string): Promise<Written | undefined> {
  try {
    const text = await folder.use((base) => readFile(join(base, fileOf(name)), 'utf8'));
    const { run, endDts, boot } = JSON.parse(text) as Written & { boot: string };
    return typeof run === 'string' && Number.isFinite(endDts) && boot === bootId()
      ? { run, endDts }
      : undefined;
  } catch {
    return undefined;
  }
}

export async function saveWritten(folder: Folder, name: string, written: Written): Promise<void> {
  await replaceText(folder, fileOf(name), JSON.stringify({ ...written, boot: bootId() }));
}

const fileOf = (name: string): string => `${name}.json`;
