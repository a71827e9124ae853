/** Reading a ledger's files, a piece at a time. */
import { constants as mode } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dayOf, parseEntry, segmentKey, shardDay, shardName } from './entry.ts';
import { codeOf, type Folder } from './folder.ts';
import type { Entry } from './types.ts';

export interface Line {
  /** undefined: it is broken. */
  entry: Entry | undefined;
  /** Where the line begins, in bytes. */
  at: number;
}

const CHUNK = 1 << 16;
/** Longer than any line of ours: what is longer is left out. */
const LONGEST = 1 << 16;
const NEWLINE = 10;

/** Days of which there is a file, the oldest first. */
export async function days(folder: Folder): Promise<string[]> {
  const names = await folder.use((base) => readdir(base));
  return names.flatMap((name) => shardDay(name) ?? []).sort();
}

/** Lines of one day from a byte offset on; no line where there is no file. An unfinished last line is no line. */
export async function* linesOf(folder: Folder, day: string, from = 0): AsyncGenerator<Line> {
  const flags = mode.O_RDONLY | mode.O_NOFOLLOW;
  const handle = await folder
    .use((base) => open(join(base, shardName(day)), flags))
    .catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
  if (!handle) return;
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    let rest: Buffer = Buffer.alloc(0);
    let at = from;
    let skipping = false;
    for (let read = from; ; ) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK, read);
      if (bytesRead === 0) break;
      read += bytesRead;
      let text: Buffer = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      for (let end = text.indexOf(NEWLINE); end >= 0; end = text.indexOf(NEWLINE)) {
        if (skipping || end > 0)
          yield { entry: skipping ? undefined : parseEntry(text.toString('utf8', 0, end)), at };
        skipping = false;
        at += end + 1;
        text = text.subarray(end + 1);
      }
      if (text.length > LONGEST) {
        skipping = true;
        at += text.length;
        text = Buffer.alloc(0);
      }
      rest = text;
    }
    // Whole but for its end: written to the last byte, or being written now.
    const last = skipping ? undefined : parseEntry(rest.toString('utf8'));
    if (last) yield { entry: last, at };
  } finally {
    await handle.close();
  }
}

/** What was removed of the segments of one day. */
export async function goneOf(folder: Folder, day: string): Promise<Set<string>> {
  const gone = new Set<string>();
  for await (const { entry } of linesOf(folder, day)) if (entry?.type === 'gone') gone.add(segmentKey(entry));
  return gone;
}

/**
 * What happened between two times, as it was written: segments that are still there, gaps and steps of the clock.
 * `all`: removed segments too, and their removals.
 */
export async function* readEntries(
  folder: Folder,
  from = Number.NEGATIVE_INFINITY,
  to = Number.POSITIVE_INFINITY,
  { all = false }: { all?: boolean } = {},
): AsyncGenerator<Entry> {
  const first = from === Number.NEGATIVE_INFINITY ? '' : dayOf(from);
  const last = to === Number.POSITIVE_INFINITY ? '9999' : dayOf(to);
  for (const day of await days(folder)) {
    if (day < first) continue;
    const gone = all ? undefined : await goneOf(folder, day);
    let beyond = false;
    for await (const { entry } of linesOf(folder, day)) {
      if (entry === undefined) continue;
      const within = overlaps(entry, from, to);
      if (
        within &&
        (all || (entry.type !== 'gone' && !(entry.type === 'segment' && gone?.has(segmentKey(entry)))))
      ) {
        yield entry;
      }
      // What lasted over midnight stands in the file of its end: the first of a later day tells.
      beyond = day > last && (entry.type === 'segment' || entry.type === 'gap');
      if (beyond && !within) return;
    }
    if (beyond) return;
  }
}

function overlaps(entry: Entry, from: number, to: number): boolean {
  if (entry.type === 'segment' || entry.type === 'gap') return entry.to > from && entry.from < to;
  return entry.at >= from && entry.at < to;
}
