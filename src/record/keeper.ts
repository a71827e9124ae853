/** Keeps a sink within its bounds: removes what is too old or too much, and says when the disk takes no more. */
import { messageOf } from '../errors.ts';
import type { Disk } from './disk.ts';
import { bytesOf, segmentKey } from './entry.ts';
import { codeOf } from './folder.ts';
import type { Ledger } from './ledger.ts';
import { retain } from './retention.ts';
import type { SinkHost } from './sink.ts';
import type { Store } from './store.ts';
import type { GoneEntry, SegmentEntry, SegmentsSpec } from './types.ts';

export interface KeeperOptions {
  store: Store;
  ledger: Ledger;
  disk: Disk;
  /** Those of the sink. */
  bounds: Pick<SegmentsSpec, 'keep' | 'maxSize'>;
  host: Pick<SinkHost, 'now' | 'knownTime' | 'monotonic' | 'report' | 'route'>;
}

/** Segments that are looked at in one pass. */
const AT_ONCE = 200;
/** Milliseconds between two looks at the disk; seldom: while it has many times the room that is wanted, and nothing came. */
const EVERY = 900;
const SELDOM = 5000;
const MANY = 8;
/** Milliseconds until a file that could not be removed is tried again. */
const STUCK = 600_000;
/** What a file, or its folder, says of itself alone; all else is the disk's fault. */
const ITS_OWN = ['EPERM', 'EACCES', 'EBUSY', 'ETXTBSY', 'EISDIR', 'ENAMETOOLONG'];
/** Seconds between two looks at ledgers whose segments are all gone. */
const PRUNE = 600;

export class Keeper {
  readonly #options: KeeperOptions;
  #completed = 0;
  #prunedAt = 0;
  #passedAt = Number.NEGATIVE_INFINITY;
  #pause = EVERY;
  /** The oldest that is there, unless something was removed since. */
  #oldest: SegmentEntry | undefined;
  /** Files that can't be removed, and when that was tried. */
  readonly #stuck = new Map<string, number>();
  /** Lines of the ledger that are broken or lost, as far as it was said. */
  #told = { broken: 0, lost: 0 };
  /** Bytes free at the last look. */
  free = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** A segment was completed. */
  completed(): void {
    this.#completed++;
    this.#pause = EVERY;
  }

  /** Not more often than is of use. */
  async pass(): Promise<void> {
    const now = this.#options.host.monotonic();
    // A disk that a write found broken is tried again soon.
    const pause = this.#options.disk.state().on ? this.#pause : EVERY;
    if (now - this.#passedAt < pause) return;
    this.#passedAt = now;
    this.#pause = EVERY;
    this.#tell();
    try {
      await this.#pass();
    } catch (error) {
      if (!this.#options.disk.failed(error)) throw error;
    }
  }

  #tell(): void {
    const { ledger, store, host } = this.#options;
    const { broken, lost } = ledger;
    const say = (message: string): void =>
      host.report({ type: 'log', level: 'warn', route: host.route, message: `${store.path}: ${message}` });
    if (broken > this.#told.broken) say(`${broken} lines of the ledger can't be read, and are left out`);
    if (lost > this.#told.lost) say(`${lost} lines of the ledger are lost: the disk took none for too long`);
    this.#told = { broken, lost };
  }

  async #pass(): Promise<void> {
    const { ledger, disk, bounds, host } = this.#options;
    for (const [key, at] of this.#stuck) if (host.monotonic() - at > STUCK) this.#stuck.delete(key);
    for (let more = true; more; ) {
      const totals = ledger.totals();
      const space = await disk.measure();
      if (!space) return;
      this.free = space.bytes;
      const facts = {
        totals: { ...totals, count: totals.count - this.#stuck.size },
        now: host.knownTime(),
        keep: bounds.keep,
        maxSize: bounds.maxSize,
        free: space,
        reserve: disk.wanted(space),
        clocks: ledger.clocks(),
        completed: this.#completed,
      };
      // Mostly not even the oldest has to go: then the ledger is not read.
      let found = retain({ ...facts, entries: await this.#first() });
      if (found.remove.length > 0) found = retain({ ...facts, entries: await this.#entries(AT_ONCE) });
      this.#completed = 0;
      for (const [why, entries] of byReason(found.remove)) await this.#remove(entries, why);
      more = found.more;
      if (more) continue;
      disk.judge(found.remove.length > 0 ? ((await disk.measure()) ?? space) : space);
      const { bytes, inodes } = disk.wanted(space);
      if (space.bytes > MANY * bytes && space.inodes > MANY * inodes) this.#pause = SELDOM;
    }
    await this.#prune();
  }

  async #first(): Promise<SegmentEntry[]> {
    const { bounds } = this.#options;
    if (bounds.keep === undefined && bounds.maxSize === undefined) return [];
    this.#oldest ??= (await this.#entries(1))[0];
    return this.#oldest ? [this.#oldest] : [];
  }

  /** The oldest that can be removed. */
  async #entries(count: number): Promise<SegmentEntry[]> {
    const entries = await this.#options.ledger.oldest(count + this.#stuck.size);
    return entries.filter((entry) => !this.#stuck.has(segmentKey(entry))).slice(0, count);
  }

  async #remove(entries: SegmentEntry[], why: GoneEntry['why']): Promise<void> {
    const { store, ledger, host } = this.#options;
    this.#oldest = undefined;
    const removed: SegmentEntry[] = [];
    // What is not the file that was recorded is not ours to remove, nor to look after any longer.
    const missing: SegmentEntry[] = [];
    for (const entry of entries) {
      try {
        const result = await store.remove(entry.path, entry.bytes);
        for (const beside of entry.beside ?? []) await store.remove(beside.path, beside.bytes);
        (result === 'removed' ? removed : missing).push(entry);
      } catch (error) {
        if (!ITS_OWN.includes(codeOf(error) ?? '')) throw error;
        this.#stuck.set(segmentKey(entry), host.monotonic());
        const message = `${store.path}: ${messageOf(error)}; it stays, and recording goes on`;
        host.report({ type: 'log', level: 'warn', route: host.route, message });
      }
    }
    if (removed.length > 0) {
      const bytes = removed.reduce((sum, entry) => sum + bytesOf(entry), 0);
      host.report({ type: 'removed', route: host.route, count: removed.length, bytes, why });
      await ledger.gone(removed, why, host.now());
    }
    if (missing.length > 0) await ledger.gone(missing, 'missing', host.now());
  }

  async #prune(): Promise<void> {
    const { ledger, bounds, host } = this.#options;
    const now = host.knownTime();
    if (Math.abs(now - this.#prunedAt) < PRUNE) return;
    this.#prunedAt = now;
    await ledger.prune(now, bounds.keep);
  }
}

function byReason(
  remove: { entry: SegmentEntry; why: GoneEntry['why'] }[],
): Map<GoneEntry['why'], SegmentEntry[]> {
  const found = new Map<GoneEntry['why'], SegmentEntry[]>();
  for (const { entry, why } of remove) found.set(why, [...(found.get(why) ?? []), entry]);
  return found;
}
