/** What a ledger tells of a span of time. Only read: the recorder may be writing it. */
import { messageOf, RelayError } from '../errors.ts';
import { segmentKey } from '../record/entry.ts';
import { codeOf } from '../record/folder.ts';
import { readEntries } from '../record/shard.ts';
import type { ClockEntry, Entry, GapEntry, SegmentEntry } from '../record/types.ts';
import { ledgerFolder, type Recording } from './places.ts';

export interface Span {
  from?: number;
  to?: number;
}

export interface Timeline {
  /** In the order in which they were recorded. */
  segments: SegmentEntry[];
  /** Not there any more. */
  removed: SegmentEntry[];
  gaps: GapEntry[];
  clocks: ClockEntry[];
}

export async function readTimeline(recording: Recording, span: Span = {}): Promise<Timeline> {
  const timeline: Timeline = { segments: [], removed: [], gaps: [], clocks: [] };
  const live = new Set<string>();
  for await (const entry of entriesOf(recording, span, false)) {
    if (entry.type === 'segment') live.add(segmentKey(entry));
    if (entry.type === 'segment') timeline.segments.push(entry);
    if (entry.type === 'gap') timeline.gaps.push(entry);
    if (entry.type === 'clock') timeline.clocks.push(entry);
  }
  const last = timeline.segments.reduce((most, { seq }) => Math.max(most, seq), -1);
  for await (const entry of entriesOf(recording, span, true)) {
    // What came since the first look is left alone.
    if (entry.type === 'segment' && entry.seq < last && !live.has(segmentKey(entry)))
      timeline.removed.push(entry);
  }
  const bySeq = (a: SegmentEntry, b: SegmentEntry) => a.seq - b.seq;
  timeline.segments.sort(bySeq);
  timeline.removed.sort(bySeq);
  timeline.gaps.sort((a, b) => a.from - b.from);
  return timeline;
}

/** Seconds: from a segment's last picture to its line in the ledger. */
const LATE = 10;

/**
 * Where what is finished ends, if a span goes on behind it and the next segment is probably open.
 * @param now Unix seconds
 */
export function unfinishedFrom(
  { segments, gaps }: Pick<Timeline, 'segments' | 'gaps'>,
  to: number,
  now: number,
): number | undefined {
  const end = [...segments, ...gaps].reduce((most, one) => Math.max(most, one.to), Number.NEGATIVE_INFINITY);
  const longest = segments.reduce((most, one) => Math.max(most, one.to - one.from), 0);
  return to > end && now < end + 2 * longest + LATE ? end : undefined;
}

/** @param all removed segments too */
export async function* entriesOf(recording: Recording, span: Span, all: boolean): AsyncGenerator<Entry> {
  try {
    yield* readEntries(ledgerFolder(recording), span.from, span.to, { all });
  } catch (error) {
    // Nothing was recorded yet.
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return;
    throw new RelayError(
      'RELAY_RECORD_FOLDER',
      `can't read what ${recording.dir} holds: ${messageOf(error)}`,
      {
        hint: 'only who records may read it: run this as the same user',
        cause: error,
      },
    );
  }
}
