/**
 * What a sink holds and what it missed: lines of JSON, a file for each day, only ever appended to. A removal stands in
 * the file of its segment, so that each file tells by itself what is left of it, and goes when nothing is.
 * In memory are sums, and the lines that the disk did not take yet.
 */
import { constants as mode } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Runs } from './earlier.ts';
import { bytesOf, dayOf, endOfDay, segmentKey, shardName } from './entry.ts';
import { codeOf, type Folder } from './folder.ts';
import { days, goneOf, linesOf, readEntries } from './shard.ts';
import type { ClockEntry, Entry, GapEntry, GoneEntry, SegmentEntry } from './types.ts';

interface Shard {
  /** The lowest number of a segment that it may hold: files are in this order, whatever the clock said. */
  first: number;
  live: number;
  bytes: number;
}

const MOST_WAITING = 10_000;
const MOST_AT_ONCE = 500;
const NEWLINE = 10;
/** A file that is further ahead than this was written while the clock was wrong. */
const AHEAD = 2 * 86_400;

/** Seconds: the clock of a machine that was off may be a little behind. */
const BEHIND = 2;

/** @param now of those who are going to write: Unix seconds */
export async function openLedger(folder: Folder, now?: number): Promise<Ledger> {
  const ledger = new Ledger(folder);
  await ledger.load();
  const last = ledger.lastSegment();
  // Set back while nobody looked: a machine without a battery, whose clock will be set forward again soon.
  if (now !== undefined && last) {
    // By the clock as it was when somebody last looked.
    const known = ledger
      .clocks()
      .reduce((sum, { seq, step }) => (seq > last.seq ? sum + step : sum), last.to);
    if (now < known - BEHIND) await ledger.step(now, now - known);
  }
  return ledger;
}

export class Ledger {
  /** Lines that could not be read when it was opened. */
  broken = 0;
  /** Lines for which there was no room in memory, while the disk took none. */
  lost = 0;
  readonly #folder: Folder;
  readonly #shards = new Map<string, Shard>();
  readonly #runs = new Runs();
  #last: SegmentEntry | undefined;
  #clocks: ClockEntry[] = [];
  #waiting: { day: string; entry: Entry }[] = [];
  #turn: Promise<void> = Promise.resolve();
  /** Files that end with a newline, as far as we know. */
  readonly #whole = new Set<string>();
  /** Where the oldest segment stands, and what is gone of its file. */
  #cursor: { day: string; at: number; gone: Set<string> } | undefined;

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** One pass over all files. */
  async load(): Promise<void> {
    for (const day of await days(this.#folder)) {
      const there = new Map<string, number>();
      for await (const { entry } of linesOf(this.#folder, day)) {
        if (entry === undefined) this.broken++;
        else if (entry.type === 'segment') there.set(segmentKey(entry), bytesOf(entry));
        else if (entry.type === 'gone') there.delete(segmentKey(entry));
        if (entry) this.#note(day, entry);
      }
      const shard = this.#shards.get(day);
      if (!shard) continue;
      shard.live = there.size;
      shard.bytes = [...there.values()].reduce((sum, bytes) => sum + bytes, 0);
    }
  }

  /** Of the highest number, though it may have been removed. */
  lastSegment(): SegmentEntry | undefined {
    return this.#last;
  }

  /** Where what it has of each run ends, in the order of the segments. */
  runs(): ReadonlyMap<string, number> {
    return this.#runs.ends();
  }

  /** The wall clock was set back since the last segment. */
  get setBack(): boolean {
    const last = this.#last;
    return last !== undefined && this.#clocks.some(({ seq, step }) => seq > last.seq && step < 0);
  }

  totals(): { count: number; bytes: number } {
    let count = 0;
    let bytes = 0;
    for (const shard of this.#shards.values()) {
      count += shard.live;
      bytes += shard.bytes;
    }
    return { count, bytes };
  }

  /** Steps of the clock that matter to segments that are still there. */
  clocks(): readonly ClockEntry[] {
    return this.#clocks;
  }

  /** Lines that are not on the disk yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Rejects when the disk does not take it: then it waits, and the next call writes it first. The segment that was
   * appended last may be appended again: it stands there once.
   */
  async append(...entries: (SegmentEntry | GapEntry)[]): Promise<void> {
    await this.#add(entries.map((entry) => ({ day: dayOf(entry.to), entry })));
  }

  /** The wall clock was set. What the disk does not take now waits: the next line meets its error again. */
  async step(at: number, step: number): Promise<void> {
    const entry: ClockEntry = { type: 'clock', at, step, seq: (this.#last?.seq ?? -1) + 1 };
    await this.#add([{ day: dayOf(at), entry }]).catch(() => undefined);
  }

  /** These segments are not there any more. */
  async gone(segments: SegmentEntry[], why: GoneEntry['why'], at: number): Promise<void> {
    await this.#add(
      segments.map((segment) => {
        const { path, seq } = segment;
        const day = dayOf(segment.to);
        const shard = this.#shards.get(day);
        if (shard && shard.live > 0) {
          shard.live--;
          shard.bytes -= bytesOf(segment);
        }
        if (this.#cursor?.day === day) this.#cursor.gone.add(segmentKey({ seq, path }));
        return { day, entry: { type: 'gone', at, path, seq, why } };
      }),
    );
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    const turn = this.#turn.then(() => this.#write());
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  /** The oldest segments that are there. */
  async oldest(limit: number): Promise<SegmentEntry[]> {
    const found: SegmentEntry[] = [];
    for (const [day, { live }] of this.#ordered()) {
      if (live === 0) continue;
      const cursor = this.#cursor?.day === day ? this.#cursor : { day, at: 0, gone: await this.#goneOf(day) };
      if (found.length === 0) this.#cursor = cursor;
      let first = true;
      for await (const { entry, at } of linesOf(this.#folder, day, cursor.at)) {
        if (entry?.type !== 'segment' || cursor.gone.has(segmentKey(entry))) continue;
        if (first) cursor.at = at;
        first = false;
        found.push(entry);
        if (found.length >= limit) return found;
      }
    }
    return found;
  }

  /** See {@link readEntries}. */
  read(from?: number, to?: number, options?: { all?: boolean }): AsyncGenerator<Entry> {
    return readEntries(this.#folder, from, to, options);
  }

  /** Removes files of which no segment is left, and whose gaps are older than `keep` seconds. */
  async prune(now: number, keep = 0): Promise<void> {
    const used = new Set([dayOf(now), ...this.#waiting.map(({ day }) => day)]);
    if (this.#last) used.add(dayOf(this.#last.to));
    for (const [day, shard] of this.#ordered()) {
      // Steps of the clock that younger files hold matter to this one.
      if (shard.live > 0) break;
      const end = endOfDay(day);
      if (used.has(day) || (end > now - keep && end < now + AHEAD)) continue;
      await this.#folder
        .use((base) => unlink(join(base, shardName(day))))
        .catch((error: unknown) => {
          if (codeOf(error) !== 'ENOENT') throw error;
        });
      if (this.#cursor?.day === day) this.#cursor = undefined;
      this.#shards.delete(day);
      this.#whole.delete(day);
    }
    const oldest = this.#ordered().find(([, { live }]) => live > 0)?.[1].first ?? Number.POSITIVE_INFINITY;
    this.#clocks = this.#clocks.filter(({ seq }) => seq > oldest);
  }

  #ordered(): [string, Shard][] {
    return [...this.#shards].sort(([a, { first: x }], [b, { first: y }]) => x - y || (a < b ? -1 : 1));
  }

  async #goneOf(day: string): Promise<Set<string>> {
    const gone = await goneOf(this.#folder, day);
    for (const { entry } of this.#waiting) if (entry.type === 'gone') gone.add(segmentKey(entry));
    return gone;
  }

  /** What all entries tell; counts are the business of those who call. */
  #note(day: string, entry: Entry): Shard {
    const seq = entry.type === 'gap' ? (this.#last?.seq ?? 0) : entry.seq;
    const shard = this.#shards.get(day) ?? { first: seq, live: 0, bytes: 0 };
    this.#shards.set(day, shard);
    if (entry.type === 'segment' && entry.seq >= (this.#last?.seq ?? 0)) this.#last = entry;
    if (entry.type === 'segment') this.#runs.note(entry);
    else if (entry.type === 'clock') this.#clocks.push(entry);
    return shard;
  }

  async #add(all: { day: string; entry: Entry }[]): Promise<void> {
    const lines = all.filter(({ entry }) => !this.#isLast(entry));
    for (const { day, entry } of lines) {
      const shard = this.#note(day, entry);
      if (entry.type !== 'segment') continue;
      shard.live++;
      shard.bytes += bytesOf(entry);
    }
    const room = Math.max(0, MOST_WAITING - this.#waiting.length);
    this.#waiting.push(...lines.slice(0, room));
    this.lost += Math.max(0, lines.length - room);
    await this.flush();
  }

  #isLast(entry: Entry): boolean {
    return (
      entry.type === 'segment' && this.#last !== undefined && segmentKey(entry) === segmentKey(this.#last)
    );
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const { day } = this.#waiting[0]!;
      let count = 1;
      while (count < MOST_AT_ONCE && this.#waiting[count]?.day === day) count++;
      const lines = this.#waiting.slice(0, count).map(({ entry }) => `${JSON.stringify(entry)}\n`);
      const flags = mode.O_RDWR | mode.O_CREAT | mode.O_APPEND | mode.O_NOFOLLOW;
      const handle = await this.#folder.use((base) => open(join(base, shardName(day)), flags, 0o600));
      try {
        await this.#endLine(handle, day);
        const bytes = Buffer.from(lines.join(''));
        const { bytesWritten } = await handle.write(bytes);
        const written = linesWithin(lines, bytesWritten);
        this.#waiting.splice(0, written);
        if (bytesWritten < bytes.length) this.#whole.delete(day);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    }
  }

  /** After half a line, of a run that died or a disk that was full, a new line begins. */
  async #endLine(handle: FileHandle, day: string): Promise<void> {
    if (this.#whole.has(day)) return;
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    if (size > 0 && last[0] !== NEWLINE) await handle.write('\n');
    this.#whole.add(day);
  }
}

/** How many lines are in the first so many bytes. One without its newline is: the next one brings it. */
function linesWithin(lines: string[], bytes: number): number {
  let end = 0;
  let count = 0;
  for (const line of lines) {
    end += Buffer.byteLength(line);
    if (end - 1 > bytes) break;
    count++;
  }
  return count;
}
