/** What there is of a route, and what is missing. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GapEntry, SegmentEntry } from '../record/types.ts';
import type { Recording } from './places.ts';
import { entriesOf, readTimeline, type Span } from './timeline.ts';

/** `cut`: its end is missing. */
export type FileState = 'whole' | 'cut' | 'missing' | 'changed';

export type ListedSegment = SegmentEntry & { state: FileState };

export interface Summary {
  /** Unix seconds; undefined where there is nothing. */
  from: number | undefined;
  to: number | undefined;
  segments: number;
  /** Files that are gone, or not the ones that were recorded: all else is counted without them. */
  missing: number;
  changed: number;
  /** Seconds. */
  recorded: number;
  frames: number;
  bytes: number;
  gaps: number;
  /** Seconds. */
  missed: number;
}

export interface Listing extends Recording {
  segments: ListedSegment[];
  gaps: GapEntry[];
  summary: Summary;
  /** Nothing is finished yet, at whatever time. */
  empty: boolean;
}

const AT_ONCE = 64;

export async function listRecording(recording: Recording, span: Span): Promise<Listing> {
  const { segments: entries, gaps } = await readTimeline(recording, span);
  const segments: ListedSegment[] = [];
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    const some = entries.slice(at, at + AT_ONCE);
    segments.push(
      ...(await Promise.all(
        some.map(async (entry) => ({ ...entry, state: await stateOf(recording.dir, entry) })),
      )),
    );
  }
  const empty = entries.length === 0 && gaps.length === 0 && (await isEmpty(recording));
  return { ...recording, segments, gaps, summary: summaryOf(segments, gaps), empty };
}

async function isEmpty(recording: Recording): Promise<boolean> {
  for await (const { type } of entriesOf(recording, {}, true)) if (type === 'segment') return false;
  return true;
}

export async function stateOf(dir: string, { path, bytes, complete }: SegmentEntry): Promise<FileState> {
  const found = await lstat(join(dir, path)).catch(() => undefined);
  if (!found) return 'missing';
  if (!found.isFile() || found.size !== bytes) return 'changed';
  return complete ? 'whole' : 'cut';
}

/** Not what the ledger says. */
export function isLost({ state }: ListedSegment): boolean {
  return state === 'missing' || state === 'changed';
}

function summaryOf(listed: readonly ListedSegment[], gaps: readonly GapEntry[]): Summary {
  const segments = listed.filter((one) => !isLost(one));
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const [from, to] = [
    segments.reduce((least, one) => Math.min(least, one.from), Number.POSITIVE_INFINITY),
    segments.reduce((most, one) => Math.max(most, one.to), Number.NEGATIVE_INFINITY),
  ];
  return {
    from: segments.length > 0 ? from : undefined,
    to: segments.length > 0 ? to : undefined,
    segments: segments.length,
    missing: listed.filter(({ state }) => state === 'missing').length,
    changed: listed.filter(({ state }) => state === 'changed').length,
    recorded: sum(segments.map((one) => one.to - one.from)),
    frames: sum(segments.map((one) => one.frames)),
    bytes: sum(segments.map((one) => one.bytes + sum((one.beside ?? []).map((beside) => beside.bytes)))),
    gaps: gaps.length,
    missed: sum(gaps.map((one) => one.to - one.from)),
  };
}
