/** The `segments` sink: cuts of the footage, each a file, and each in the ledger. */
import { messageOf } from '../errors.ts';
import { type Cut, Cutter } from './cut.ts';
import { createDisk, type Disk } from './disk.ts';
import type { Earlier } from './earlier.ts';
import type { FootageEvent } from './footage.ts';
import { Keeper } from './keeper.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { readMeta } from './mp4/header.ts';
import { writeFragmented } from './mp4/writer.ts';
import { segmentName } from './names.ts';
import { ledgerPlace } from './places.ts';
import { type RouteSegment, rebuild } from './rebuild.ts';
import { remux } from './remux.ts';
import type { RunningSink, SinkHost } from './sink.ts';
import { openStore, type Store } from './store.ts';
import type { Temporary } from './temporary.ts';
import { microseconds, wallOf } from './tracks.ts';
import type { GapEntry, SegmentEntry, SegmentsSpec } from './types.ts';

const extensions = { fmp4: 'mp4', mpegts: 'ts', mkv: 'mkv' } as const;

/** Seconds by which a take's clock may be better known at its end. */
const SLACK = 2;
/** Seconds that a cut waits for a disk which takes nothing, while the ring (on another one) goes on. */
const PATIENCE = 30;

/** @param gop seconds between key frames, where the route encodes its picture */
export async function openSegments(spec: SegmentsSpec, host: SinkHost, gop?: number): Promise<SegmentsSink> {
  const store = await openStore(spec.dir);
  await store.sweep();
  const ledger = await openLedger(await store.folder(ledgerPlace('segments', host.route)), host.now());
  if (ledger.totals().count === 0 && !ledger.lastSegment()) {
    const found = await rebuild(
      ledger,
      store,
      host.route,
      async (file) => (await readMeta(file)) as RouteSegment,
    );
    if (found > 0) {
      const message = `the ledger of ${spec.dir} was lost: rebuilt from ${found} segments`;
      host.report({ type: 'log', level: 'warn', route: host.route, message });
    }
  }
  return new SegmentsSink(spec, host, store, ledger, gop);
}

interface Waiting {
  cut: Cut;
  since: number;
  /** The file is there, its line may not be. */
  entry?: SegmentEntry;
}

export class SegmentsSink implements RunningSink {
  readonly #spec: SegmentsSpec;
  readonly earlier: Earlier;
  readonly #host: SinkHost;
  readonly #store: Store;
  readonly #ledger: Ledger;
  readonly #disk: Disk;
  readonly #keeper: Keeper;
  readonly #cutter: Cutter;
  #seq: number;
  /** In order of time: what goes to the ledger in this order, too. */
  #waiting: (Waiting | { gap: GapEntry })[] = [];
  /** Of which it isn't known to the millisecond where they end: the next cut says. */
  #gaps: GapEntry[] = [];
  #segments = 0;
  #usual = 0;
  #told = '';

  constructor(spec: SegmentsSpec, host: SinkHost, store: Store, ledger: Ledger, gop: number | undefined) {
    this.#spec = spec;
    this.#host = host;
    this.#store = store;
    this.#ledger = ledger;
    this.#seq = (ledger.lastSegment()?.seq ?? -1) + 1;
    this.#disk = createDisk({
      store,
      reserve: spec.reserve,
      segmentBytes: () => this.#usual,
      monotonic: host.monotonic,
    });
    this.#keeper = new Keeper({ store, ledger, disk: this.#disk, bounds: spec, host });
    this.earlier = { runs: ledger.runs(), last: ledger.lastSegment(), setBack: ledger.setBack };
    const { digestOf } = host;
    this.#cutter = new Cutter({ every: spec.every, gop, digestOf, written: this.earlier.runs });
  }

  get oldest() {
    const first = this.#waiting.find((each) => 'cut' in each);
    return first && 'cut' in first ? first.cut.samples[0] : this.#cutter.oldest;
  }

  get disk() {
    return this.#disk.state();
  }

  get figures() {
    return { segments: this.#segments, bytes: this.#ledger.totals().bytes, free: this.#keeper.free };
  }

  push(event: FootageEvent): void {
    this.#wait(this.#cutter.push(event));
  }

  gap(gap: GapEntry): void {
    this.#gaps.push(gap);
  }

  async step(at: number, step: number): Promise<void> {
    await this.#ledger.step(at, step);
  }

  async work(): Promise<void> {
    try {
      await this.#keeper.pass();
    } finally {
      await this.#write();
    }
  }

  async finish(): Promise<void> {
    this.#wait(this.#cutter.finish());
    this.#waiting.push(...this.#gaps.splice(0).map((gap) => ({ gap })));
    await this.#write();
  }

  #wait(cuts: Cut[]): void {
    const since = this.#host.monotonic();
    for (const cut of cuts) {
      const { from } = this.#entryOf(cut);
      for (const gap of this.#gaps.splice(0)) {
        // The clock of a take is known better at its end than at its beginning.
        if (Math.abs(gap.to - from) < SLACK) gap.to = Math.max(gap.from, from);
        this.#waiting.push({ gap });
      }
      this.#waiting.push({ cut, since });
    }
  }

  async #write(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const { on } = this.#disk.state();
      if (!on && 'cut' in next && !this.#late(next)) return;
      try {
        if ('gap' in next) await this.#ledger.append(next.gap);
        else if (on || next.entry) await this.#record(next);
        else await this.#lost(next.cut);
      } catch (error) {
        const disk = this.#disk.failed(error);
        this.#complain(messageOf(error));
        if (disk && on && 'cut' in next) return;
        // A line that the disk didn't take waits in the ledger, and what is late is not waited for any more.
        if (!disk && 'cut' in next && !next.entry) await this.#givenUp(next.cut, messageOf(error));
      }
      this.#waiting.shift();
    }
  }

  /** Not the disk's fault: the same would go wrong again. */
  async #givenUp(cut: Cut, reason: string): Promise<void> {
    try {
      await this.#ledger.append(this.#gapOf(cut, 'recorder', reason));
    } catch (error) {
      if (!this.#disk.failed(error)) throw error;
    }
  }

  #late({ since }: { since: number }): boolean {
    return this.#host.monotonic() - since > PATIENCE * 1000;
  }

  /** The number is its own from here on, whatever becomes of its line. */
  async #segment(cut: Cut): Promise<SegmentEntry> {
    const { route } = this.#host;
    const entry = this.#entryOf(cut);
    const name = segmentName(this.#spec.name, { from: entry.from, route, seq: entry.seq });
    entry.path = `${name}.${extensions[this.#spec.format]}`;
    const origin = cut.dts / cut.lead.timescale;
    const { file, extension } = await this.#made(async (made) => {
      const { init, samples } = cut;
      await writeFragmented(made.handle, { init, samples, origin, meta: { v: 1, route, ...entry } });
    });
    entry.bytes = (await file.handle.stat()).size;
    entry.path = await publishOr(this.#store, file, `${name}.${extension}`);
    this.#seq++;
    return entry;
  }

  /** May be called again: the file is made once, and the ledger knows the line. */
  async #record(waiting: Waiting): Promise<void> {
    waiting.entry ??= await this.#segment(waiting.cut);
    const { entry } = waiting;
    await this.#ledger.append(entry);
    this.#segments++;
    this.#usual = this.#usual === 0 ? entry.bytes : 0.8 * this.#usual + 0.2 * entry.bytes;
    this.#keeper.completed();
    this.#told = '';
    const { path, from, to, frames, bytes } = entry;
    this.#host.report({ type: 'segment', route: this.#host.route, path, from, to, frames, bytes });
  }

  /** A temporary file with the segment in its format; where that can't be made, as it is. */
  async #made(write: (file: Temporary) => Promise<void>): Promise<{ file: Temporary; extension: string }> {
    const { format } = this.#spec;
    const made = await this.#store.temporary('mp4');
    try {
      await write(made);
      const other = format === 'fmp4' ? undefined : await this.#remuxed(made, format);
      if (!other) return { file: made, extension: 'mp4' };
      await made.discard();
      return { file: other, extension: extensions[format] };
    } catch (error) {
      await made.discard();
      throw error;
    }
  }

  /** undefined: ffmpeg failed, and not for want of room. */
  async #remuxed(made: Temporary, format: 'mpegts' | 'mkv'): Promise<Temporary | undefined> {
    const other = await this.#store.temporary(extensions[format]);
    try {
      await remux(this.#host, made.path, other.path, format === 'mkv' ? 'matroska' : 'mpegts');
      return other;
    } catch (error) {
      await other.discard();
      if (this.#disk.failed(error)) throw error;
      this.#complain(`a segment stays MP4: ${messageOf(error)}`);
      return undefined;
    }
  }

  #entryOf(cut: Cut): SegmentEntry {
    const { take, lead, dts, endDts, firstPts, lastPts, endPts, frames, complete } = cut;
    return {
      type: 'segment',
      path: '',
      seq: this.#seq,
      from: microseconds(wallOf(take, firstPts, lead.timescale)),
      to: microseconds(wallOf(take, endPts, lead.timescale)),
      ...{ run: take.run, dts, endDts, firstPts, lastPts, timescale: lead.timescale },
      frames,
      bytes: 0,
      complete,
    };
  }

  #gapOf(cut: Cut, cause: GapEntry['cause'], reason: string): GapEntry {
    const { from, to, frames } = this.#entryOf(cut);
    return { type: 'gap', from, to, cause, reason, frames };
  }

  async #lost(cut: Cut): Promise<void> {
    const state = this.#disk.state();
    if (state.on) return;
    const gap = this.#gapOf(cut, state.cause, state.reason);
    this.#host.report({ route: this.#host.route, ...gap });
    await this.#ledger.append(gap);
  }

  /** The same trouble once. */
  #complain(message: string): void {
    if (message === this.#told) return;
    this.#told = message;
    const { route } = this.#host;
    this.#host.report({ type: 'log', level: 'error', route, message: `${this.#spec.dir}: ${message}` });
  }
}

/** Publishes it, or leaves nothing of it. */
export async function publishOr(store: Store, file: Temporary, name: string): Promise<string> {
  try {
    return await store.publish(file, name);
  } catch (error) {
    await file.discard().catch(() => {});
    throw error;
  }
}
