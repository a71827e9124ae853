/** PURE. Which segments go, and why; and whether there is room to go on. */
import { bytesOf } from './entry.ts';
import type { ClockEntry, GoneEntry, SegmentEntry } from './types.ts';

export interface RetentionFacts {
  /** What is there, the oldest first; the beginning of it is enough. */
  entries: readonly SegmentEntry[];
  /** Of all that is there. */
  totals: { count: number; bytes: number };
  /** Unix seconds. */
  now: number;
  /** Seconds. */
  keep?: number | undefined;
  /** Bytes. */
  maxSize?: number | undefined;
  free: Room;
  /** What has to stay free. */
  reserve: Room;
  clocks: readonly ClockEntry[];
  /** Segments that were completed since the last pass. */
  completed: number;
}

export interface Room {
  bytes: number;
  inodes: number;
}

export interface Retention {
  remove: { entry: SegmentEntry; why: Exclude<GoneEntry['why'], 'missing'> }[];
  /** There is no room, and nothing more to remove for it. */
  stop: boolean;
  /** Once more, with what is the oldest then. */
  more: boolean;
}

/**
 * A clock that is wrong for a while must not cost all recordings: by age go only so many in one pass. It shrinks a
 * backlog all the same, because more go than come.
 */
const BY_AGE = 2;
const BY_AGE_EACH = 2;

export function retain(facts: RetentionFacts): Retention {
  const { entries, totals, keep, maxSize, reserve } = facts;
  const all = entries.length >= totals.count;
  const newest = all ? entries.at(-1) : undefined;
  const remove: Retention['remove'] = [];
  let removed = 0;
  const short = (): boolean =>
    facts.free.bytes + removed < reserve.bytes || facts.free.inodes + remove.length < reserve.inodes;
  const tooLarge = (): boolean => maxSize !== undefined && totals.bytes - removed > maxSize;
  let byAge = BY_AGE + BY_AGE_EACH * facts.completed;
  const why = (entry: SegmentEntry): Retention['remove'][number]['why'] | undefined => {
    if (keep !== undefined && byAge > 0 && ageOf(entry, facts) > keep) return 'keep';
    if (entry === newest) return undefined;
    if (tooLarge()) return 'maxSize';
    return short() ? 'reserve' : undefined;
  };

  const evicts = keep !== undefined || maxSize !== undefined;
  for (const entry of evicts ? entries : []) {
    const reason = why(entry);
    if (!reason) break;
    if (reason === 'keep') byAge--;
    remove.push({ entry, why: reason });
    removed += bytesOf(entry);
  }
  const more = !all && remove.length > 0 && remove.length === entries.length && (tooLarge() || short());
  return { remove, stop: short() && !more, more };
}

/** The clock's steps since it was written don't make a segment older. */
function ageOf({ to, seq }: SegmentEntry, { now, clocks }: RetentionFacts): number {
  return clocks.reduce((age, clock) => (clock.seq > seq ? age - clock.step : age), now - to);
}
