/** Windows of clips that are not cut yet, kept where a recorder that begins again finds them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AHEAD, type ClipWindow, type WindowsState } from './clip-windows.ts';
import { type Folder, replaceText } from './folder.ts';

const NAME = 'open.json';

/**
 * Empty where there is none, or none that can be read: it only ever costs the clips of these seconds.
 * @param now Unix seconds: what is later says nothing, the clock was set back
 */
export async function loadWindows(folder: Folder, now: number): Promise<WindowsState> {
  try {
    const text = await folder.use((base) => readFile(join(base, NAME), 'utf8'));
    const { open, last } = JSON.parse(text) as WindowsState;
    return {
      open: open.filter(isWindow),
      last: last.filter((each) => isLast(each) && each[1] < now + AHEAD),
    };
  } catch {
    return { open: [], last: [] };
  }
}

export async function saveWindows(folder: Folder, state: WindowsState): Promise<void> {
  await replaceText(folder, NAME, JSON.stringify(state));
}

function isWindow({ from, to, events }: ClipWindow): boolean {
  const named = Array.isArray(events) && events.length > 0;
  if (!named || ![from, to].every(Number.isFinite)) return false;
  // A name becomes a part of the clip's.
  return events.every(({ name, at }) => Number.isFinite(at) && /^[A-Za-z0-9_.-]{1,64}$/.test(name));
}

function isLast([name, at]: [string, number]): boolean {
  return typeof name === 'string' && Number.isFinite(at);
}
