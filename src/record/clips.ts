/** The `clips` sink: around each event a file cut from the ring, with its picture and its story beside it. */
import { messageOf } from '../errors.ts';
import { Shelf } from './clip-cut.ts';
import { type ClipWindow, ClipWindows, MOST_EVENTS, MOST_WINDOWS, moveWindow } from './clip-windows.ts';
import type { Cut } from './cut.ts';
import { createDisk, type Disk } from './disk.ts';
import type { Folder } from './folder.ts';
import type { FootageEvent } from './footage.ts';
import { Keeper } from './keeper.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { writeFragmented } from './mp4/writer.ts';
import { segmentName } from './names.ts';
import { ledgerPlace } from './places.ts';
import { stillOf } from './remux.ts';
import { publishOr } from './segments.ts';
import type { RunningSink, SinkHost } from './sink.ts';
import { openStore, type Store } from './store.ts';
import { wallOf } from './tracks.ts';
import type { ClipsSpec, SegmentEntry } from './types.ts';
import { STEP } from './wall-clock.ts';
import { loadWindows, saveWindows } from './windows-file.ts';

/** Milliseconds that a clip waits for a disk which takes nothing. */
const PATIENCE = 30_000;
/** Milliseconds between two words about events that make no clip because they are too many. */
const AGAIN = 600_000;
/** Seconds of footage that are held, besides the longest clip. */
const MORE = 600;

export async function openClips(spec: ClipsSpec, host: SinkHost): Promise<RunningSink> {
  const store = await openStore(spec.dir);
  await store.sweep();
  const folder = await store.folder(ledgerPlace('clips', host.route));
  const windows = new ClipWindows(spec, await loadWindows(folder, host.now()));
  return new ClipsSink(spec, host, store, await openLedger(folder, host.now()), folder, windows);
}

class ClipsSink implements RunningSink {
  readonly #host: SinkHost;
  readonly #store: Store;
  readonly #ledger: Ledger;
  readonly #disk: Disk;
  readonly #keeper: Keeper;
  readonly #folder: Folder;
  readonly #windows: ClipWindows;
  readonly #shelf: Shelf;
  /** To be cut, or cut already and not yet in the ledger: then with its line. */
  #waiting: { window: ClipWindow; since: number; entry?: SegmentEntry | undefined }[] = [];
  /** What is to be cut is not on the disk yet as it is. */
  #unsaved = false;
  #clips = 0;
  #usual = 0;
  /** Events that were too many, since it was said last. */
  #refused = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(
    spec: ClipsSpec,
    host: SinkHost,
    store: Store,
    ledger: Ledger,
    folder: Folder,
    windows: ClipWindows,
  ) {
    this.#folder = folder;
    this.#windows = windows;
    this.#host = host;
    this.#store = store;
    this.#ledger = ledger;
    const { reserve } = spec;
    const { monotonic } = host;
    this.#disk = createDisk({ store, reserve, segmentBytes: () => this.#usual, monotonic });
    this.#keeper = new Keeper({ store, ledger, disk: this.#disk, bounds: spec, host });
    this.#shelf = new Shelf(host.digestOf, spec.longest + MORE);
  }

  get oldest() {
    return this.#shelf.oldest;
  }

  get disk() {
    return this.#disk.state();
  }

  get figures() {
    return { clips: this.#clips, bytes: this.#ledger.totals().bytes, free: this.#keeper.free };
  }

  push(event: FootageEvent): void {
    this.#shelf.push(event);
  }

  event(event: { name: string; at: number; data?: unknown }): void {
    const { now, knownTime } = this.#host;
    // The clock was set, and the word of it comes with the next look: it moves this event too.
    const unknown = now() - knownTime();
    const at = Math.abs(unknown) > STEP ? event.at - unknown : event.at;
    const taken = this.#windows.event({ ...event, at }, this.#waiting.length);
    if (taken === 'full') this.#tooMany();
    this.#unsaved ||= taken === 'window' || taken === 'merged';
  }

  async step(at: number, step: number): Promise<void> {
    this.#shelf.step(step);
    this.#windows.step(step);
    for (const { window } of this.#waiting) moveWindow(window, step);
    this.#unsaved = true;
    await this.#ledger.step(at, step);
  }

  async work(): Promise<void> {
    await this.#keeper.pass();
    await this.#save();
    const now = this.#host.knownTime();
    const { newest, live } = this.#shelf;
    this.#due(this.#windows.due({ now, newest, live: live && !this.#host.noMore?.() }));
    await this.#write();
    await this.#save();
    const from = Math.min(...this.#waiting.map(({ window }) => window.from));
    this.#shelf.forget(Math.min(this.#windows.keepFrom(now), from), now);
  }

  async finish(): Promise<void> {
    this.#due(this.#windows.finish());
    await this.#write();
    await this.#save();
    this.#shelf.forget(Number.POSITIVE_INFINITY);
  }

  #due(windows: ClipWindow[]): void {
    const since = this.#host.monotonic();
    this.#waiting.push(...windows.map((window) => ({ window, since })));
  }

  async #write(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      const late = this.#host.monotonic() - next.since > PATIENCE;
      if (!this.#disk.state().on && !late) return;
      try {
        next.entry ??= await this.#clip(next.window);
        if (next.entry) await this.#list(next.entry, next.window);
      } catch (error) {
        const waits = this.#disk.failed(error) && !late;
        this.#say(waits ? 'warn' : 'error', next.window, messageOf(error));
        if (waits) return;
      }
      this.#waiting.shift();
      this.#unsaved = true;
    }
  }

  /** Those that wait for the disk are still to be cut. */
  async #save(): Promise<void> {
    if (!this.#unsaved || !this.#disk.state().on) return;
    const { open, last } = this.#windows.state;
    const waiting = this.#waiting.map(({ window }) => window);
    try {
      await saveWindows(this.#folder, { open: [...waiting, ...open], last });
      this.#unsaved = false;
    } catch (error) {
      if (!this.#disk.failed(error)) throw error;
    }
  }

  /** undefined: there is nothing to cut. */
  async #clip(window: ClipWindow): Promise<SegmentEntry | undefined> {
    const cuts = oneFile(this.#shelf.cut(window), window);
    const [first, last] = [cuts[0], cuts.at(-1)];
    if (!first || !last) {
      this.#say('warn', window, 'nothing was recorded at its time');
      return undefined;
    }
    const { route } = this.#host;
    const { timescale } = first.lead;
    const event = window.events[0]!;
    const from = wallOf(first.take, first.firstPts, timescale);
    const to = wallOf(last.take, last.endPts, last.lead.timescale);
    const story = { v: 1, route, event: event.name, at: event.at, from, to, events: window.events };
    const name = segmentName(`{utc}-${event.name}`, { from, route, seq: 0 });
    const file = await this.#store.temporary('mp4');
    let bytes: number;
    try {
      const samples = cuts.flatMap((cut) => cut.samples);
      const origin = first.dts / timescale;
      ({ bytes } = await writeFragmented(file.handle, {
        init: first.init,
        samples,
        origin,
        meta: meta(story),
      }));
    } catch (error) {
      await file.discard();
      throw error;
    }
    const second = event.at - from;
    const still = first.lead.kind === 'video' ? await this.#still(file.path, second, window) : undefined;
    const path = await publishOr(this.#store, file, `${name}.mp4`);
    const stem = path.slice(0, -'.mp4'.length);
    const beside = [];
    if (still) beside.push(await this.#beside(`${stem}.jpg`, still));
    const json = Buffer.from(textOf({ ...story, file: path }));
    beside.push(await this.#beside(`${stem}.json`, json));
    return this.#entryOf(path, bytes, cuts, { from, to }, beside);
  }

  /** May be called again: the ledger knows the line. */
  async #list(entry: SegmentEntry, { events }: ClipWindow): Promise<void> {
    const { path, bytes, from, to } = entry;
    await this.#ledger.append(entry);
    this.#clips++;
    this.#usual = bytes;
    this.#keeper.completed();
    this.#host.report({ type: 'clip', route: this.#host.route, path, event: events[0]!.name, from, to });
  }

  /** The picture of the event; a clip without one is better than none. */
  async #still(clip: string, second: number, window: ClipWindow): Promise<Buffer | undefined> {
    const file = await this.#store.temporary('jpg');
    try {
      await stillOf(this.#host, clip, second, file.path);
      const bytes = await file.handle.readFile();
      return bytes.length > 0 ? bytes : undefined;
    } catch (error) {
      this.#say('warn', window, `no picture of it: ${messageOf(error)}`);
      return undefined;
    } finally {
      await file.discard();
    }
  }

  async #beside(name: string, bytes: Buffer): Promise<{ path: string; bytes: number }> {
    const file = await this.#store.temporary(name.endsWith('.jpg') ? 'jpg' : 'json');
    try {
      await file.handle.writeFile(bytes);
    } catch (error) {
      await file.discard();
      throw error;
    }
    return { path: await publishOr(this.#store, file, name), bytes: bytes.length };
  }

  #entryOf(
    path: string,
    bytes: number,
    cuts: Cut[],
    { from, to }: { from: number; to: number },
    beside: { path: string; bytes: number }[],
  ): SegmentEntry {
    const { take, dts, firstPts, lead } = cuts[0]!;
    const { endDts, lastPts } = cuts.at(-1)!;
    return {
      type: 'segment',
      path,
      seq: (this.#ledger.lastSegment()?.seq ?? -1) + 1,
      ...{ from, to, run: take.run, dts, endDts, firstPts, lastPts, timescale: lead.timescale },
      frames: cuts.reduce((sum, { frames }) => sum + frames, 0),
      bytes,
      complete: true,
      beside,
    };
  }

  #tooMany(): void {
    const now = this.#host.monotonic();
    this.#refused++;
    if (now - this.#refusedAt < AGAIN) return;
    const message = `events that are in no clip: ${this.#refused}. There are ${MOST_WINDOWS} clips at a time, and ${MOST_EVENTS} events in each`;
    this.#host.report({ type: 'log', level: 'warn', route: this.#host.route, message });
    this.#refused = 0;
    this.#refusedAt = now;
  }

  #say(level: 'warn' | 'error', { events }: ClipWindow, message: string): void {
    const names = events.map(({ name }) => name).join(', ');
    this.#host.report({
      type: 'log',
      level,
      route: this.#host.route,
      message: `clip of ${names}: ${message}`,
    });
  }
}

/** What users attach to events may be large; in the file itself stands what it is. */
function meta({ events, ...story }: { events: { name: string; at: number }[] }): object {
  return { ...story, events: events.slice(0, 100).map(({ name, at }) => ({ name, at })) };
}

/** Pieces that one header and one timeline serve: those around the piece in which the event is. */
function oneFile(cuts: Cut[], { events }: ClipWindow): Cut[] {
  const at = events[0]!.at;
  const holds = (cut: Cut): boolean => wallOf(cut.take, cut.endPts, cut.lead.timescale) > at;
  const main = cuts.find(holds) ?? cuts.at(-1);
  return main ? cuts.filter(({ take, init }) => take.run === main.take.run && init === main.init) : [];
}

/** A line for each field, however deep its value is. */
function textOf(story: object): string {
  const lines = Object.entries(story).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}
