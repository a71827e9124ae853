/** Lines of a ledger, and the names of its files. */
import type { Entry, SegmentEntry } from './types.ts';

const NAME = /^ledger-(\d{4}-\d\d-\d\d)\.jsonl$/;
const LAST_SECOND = 253_402_300_799;

/** Numbers that each type must have, besides its texts. */
const numbers = {
  segment: ['seq', 'from', 'to', 'dts', 'endDts', 'firstPts', 'lastPts', 'timescale', 'frames', 'bytes'],
  gap: ['from', 'to'],
  gone: ['at', 'seq'],
  clock: ['at', 'step', 'seq'],
} as const satisfies Record<Entry['type'], readonly string[]>;

const texts = {
  segment: ['path', 'run'],
  gap: ['cause', 'reason'],
  gone: ['path', 'why'],
  clock: [],
} as const satisfies Record<Entry['type'], readonly string[]>;

/** undefined: not a line that we wrote, or only a part of one. */
export function parseEntry(line: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  const type = fields['type'];
  if (type !== 'segment' && type !== 'gap' && type !== 'gone' && type !== 'clock') return false;
  return (
    numbers[type].every((name) => Number.isFinite(fields[name])) &&
    texts[type].every((name) => typeof fields[name] === 'string') &&
    (fields['beside'] === undefined || (Array.isArray(fields['beside']) && fields['beside'].every(isBeside)))
  );
}

function isBeside(value: unknown): boolean {
  const { path, bytes } = (value ?? {}) as Record<string, unknown>;
  return typeof path === 'string' && Number.isFinite(bytes);
}

/** The UTC day in whose file an entry stands: a segment's and a gap's end, so that a file is as old as its end. */
export function dayOf(time: number): string {
  return new Date(Math.min(Math.max(time, 0), LAST_SECOND) * 1000).toISOString().slice(0, 10);
}

/** Unix seconds at which a day ends. */
export function endOfDay(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000 + 86_400;
}

export function shardName(day: string): string {
  return `ledger-${day}.jsonl`;
}

export function shardDay(name: string): string | undefined {
  return NAME.exec(name)?.[1];
}

/** A segment's, which nothing else in a ledger has: names may come again. */
export function segmentKey({ seq, path }: { seq: number; path: string }): string {
  return `${seq} ${path}`;
}

/** Bytes that a segment takes, with the files that belong to it. */
export function bytesOf({ bytes, beside = [] }: SegmentEntry): number {
  return beside.reduce((sum, each) => sum + each.bytes, bytes);
}
