/**
 * Whether what a ledger says fits together: segments of one run join, what lies between others is told as a gap, and a
 * gap has nothing that was recorded. Pure.
 */
import type { ClockEntry, GapEntry, SegmentEntry } from '../record/types.ts';
import { type Packets, picturesWithin } from './packets.ts';
import { length, utc } from './times.ts';

export interface Problem {
  /** A file, or where the ledger has something to say. */
  file: string;
  what: string;
  expected: string;
  seen: string;
}

export interface Piece {
  entry: SegmentEntry;
  /** undefined: its file wasn't looked into, or is gone. */
  packets?: Packets | undefined;
}

/** Usual pictures. */
const TOLERANCE = 1.5;
/** Seconds: two runs may have guessed their time of day this differently. */
const GUESS = 1;

/** @param pieces by their numbers, removed ones too */
export function checkJoins(
  pieces: readonly Piece[],
  gaps: readonly GapEntry[],
  clocks: readonly ClockEntry[],
): Problem[] {
  const between = pieces.slice(1).flatMap((after, index) => join(pieces[index]!, after, gaps, clocks));
  const within = pieces.flatMap((piece) => holesOf(piece, gaps));
  // Where the clock was set back, one time of day means two times.
  const back = clocks.some(({ step }) => step < 0);
  return [...between, ...within, ...(back ? [] : overlaps(pieces, gaps))];
}

function join(
  before: Piece,
  after: Piece,
  gaps: readonly GapEntry[],
  clocks: readonly ClockEntry[],
): Problem[] {
  const [a, b] = [before.entry, after.entry];
  const frame = Math.min(frameOf(before), frameOf(after));
  const file = b.path;
  // Times before and after it can't be compared.
  const set = clocks.some(({ seq }) => seq > a.seq && seq <= b.seq);
  if (a.run === b.run && a.timescale === b.timescale) {
    const apart = (b.dts - a.endDts) / a.timescale;
    if (apart < -frame / 2) {
      const seen = `it begins ${length(-apart)} earlier`;
      return [{ file, what: 'pictures are twice', expected: `a start at the end of ${a.path}`, seen }];
    }
    if (apart <= TOLERANCE * frame) return [];
  } else if (!set) {
    const apart = b.from - a.to;
    if (apart < -GUESS) {
      const expected = `a start after the end of ${a.path} at ${utc(a.to)}`;
      return [{ file, what: 'pictures are twice', expected, seen: utc(b.from) }];
    }
    if (apart <= TOLERANCE * frame) return [];
  }
  return set ? [] : uncovered({ from: a.to, to: Math.max(b.from, a.to) }, frame, gaps, `before ${file}`);
}

function holesOf({ entry, packets }: Piece, gaps: readonly GapEntry[]): Problem[] {
  return (packets?.holes ?? []).flatMap(({ from, to }) =>
    uncovered(
      { from: entry.from + from, to: entry.from + to },
      packets?.frame ?? 0,
      gaps,
      `in ${entry.path}`,
    ),
  );
}

function uncovered(
  hole: { from: number; to: number },
  frame: number,
  gaps: readonly GapEntry[],
  file: string,
): Problem[] {
  const slack = TOLERANCE * frame;
  let reached = hole.from;
  let told = false;
  for (const gap of gaps) {
    if (gap.from > reached + slack || gap.to < hole.from - slack) continue;
    told = true;
    reached = Math.max(reached, gap.to);
  }
  if (told && reached >= hole.to - slack) return [];
  const expected = `a gap from ${utc(hole.from)} to ${utc(hole.to)}`;
  const seen = told ? `one that ends at ${utc(reached)}` : 'none';
  return [{ file, what: 'nothing was recorded, and no gap tells of it', expected, seen }];
}

function overlaps(pieces: readonly Piece[], gaps: readonly GapEntry[]): Problem[] {
  const sorted = pieces.toSorted((a, b) => a.entry.from - b.entry.from);
  const longest = sorted.reduce((most, { entry }) => Math.max(most, entry.to - entry.from), 0);
  return gaps.flatMap((gap) => {
    let at = firstFrom(sorted, gap.from - longest);
    const found: Problem[] = [];
    for (; at < sorted.length && sorted[at]!.entry.from < gap.to; at++) {
      const { entry, packets } = sorted[at]!;
      // A gap within a segment: only its packets tell.
      const inside = gap.from > entry.from && gap.to < entry.to;
      if (packets === undefined && inside) continue;
      const seconds = packets
        ? picturesWithin(entry, packets, gap)
        : Math.min(gap.to, entry.to) - Math.max(gap.from, entry.from);
      if (seconds <= TOLERANCE * frameOf(sorted[at]!)) continue;
      const expected = `nothing from ${utc(gap.from)} to ${utc(gap.to)} (${gap.cause})`;
      found.push({
        file: entry.path,
        what: 'a gap has pictures',
        expected,
        seen: `${length(seconds)} of it`,
      });
    }
    return found;
  });
}

/** Index of the first that begins at or after a time. */
function firstFrom(sorted: readonly Piece[], time: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]!.entry.from < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function frameOf({ entry, packets }: Piece): number {
  return packets?.frame || (entry.to - entry.from) / Math.max(entry.frames, 1);
}
