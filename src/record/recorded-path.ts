/**
 * One path: its ring is read, what happened is told to the sinks, and what none of them needs any more is removed.
 * Whether the server may write the ring is decided here, too: not before the folders are known to be ours, and not
 * while the disk is full.
 */
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import { openClips } from './clips.ts';
import { openFile } from './file.ts';
import { Footage, type FootageEvent } from './footage.ts';
import { beginningOf, Causes, type Ending, endingOf, endingOfSegment, gapBetween, gapOfHole } from './gap.ts';
import { Ring } from './ring.ts';
import { openSegments, SegmentsSink } from './segments.ts';
import type { RunningSink, SinkHost } from './sink.ts';
import { openStore } from './store.ts';
import { leadOf, wallOf } from './tracks.ts';
import type { GapEntry, RecordedPath, RecorderCommand, RecorderFigures, RecordSpec, Take } from './types.ts';

/** Files of the ring that stay whatever is needed: what was read of them may not be cut yet. */
const NEWEST = 2;
/** Milliseconds until folders that could not be used are tried again. */
const AGAIN = 2000;
/** Seconds of causes that are remembered. */
const MEMORY = 3600;

export class PathRecorder {
  readonly #spec: RecordedPath;
  readonly #host: SinkHost;
  readonly #causes = new Causes();
  #ring: Ring | undefined;
  #footage = new Footage();
  #sinks: RunningSink[] = [];
  #ending: Ending | undefined;
  /** Up to here (seconds of a run) all was written by the recorder before this one. */
  #written: { run: string; until: number } | undefined;
  #newest: number | undefined;
  #gaps = 0;
  #told: string | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  /** Files that can't be removed now. */
  readonly #stuck = new Set<string>();

  constructor(spec: RecordedPath, host: SinkHost) {
    this.#spec = spec;
    this.#host = host;
  }

  get route(): string {
    return this.#spec.route;
  }

  command(command: RecorderCommand): void {
    if (command.type === 'event') {
      const { name, at, data } = command;
      if (command.route !== this.#spec.route) return;
      for (const sink of this.#sinks) sink.event?.({ name, at, ...(data !== undefined && { data }) });
    } else if (command.type === 'server' || command.path === this.#spec.path) this.#causes.command(command);
  }

  async step(at: number, step: number): Promise<void> {
    for (const sink of this.#sinks) await sink.step?.(at, step);
  }

  /** One look. @param over the server writes no more: what is open ends here */
  async look(over = false): Promise<void> {
    if (!this.#ring && !(await this.#open())) return;
    const ring = this.#ring!;
    for (const read of over ? await ring.finish() : await ring.look())
      this.#happened(this.#footage.push(read));
    if (over) this.#happened(this.#footage.end());
    for (const sink of this.#sinks) await (over ? sink.finish() : sink.work());
    this.#judge();
    await this.#trim(over);
    this.#causes.forget(this.#host.now() - MEMORY);
  }

  /** Without writing what is open: the ring holds it, and whoever comes next goes on with it. */
  async close(): Promise<void> {
    for (const sink of this.#sinks) await sink.close?.();
    await this.#ring?.close();
  }

  figures(): RecorderFigures[string] {
    const sum = (key: 'segments' | 'clips' | 'bytes'): number =>
      this.#sinks.reduce((total, { figures }) => total + (figures[key] ?? 0), 0);
    return {
      ...{ segments: sum('segments'), clips: sum('clips'), gaps: this.#gaps, bytes: sum('bytes') },
      free: Math.min(...this.#sinks.map(({ figures }) => figures.free), Number.MAX_SAFE_INTEGER),
      ...(this.#newest !== undefined && { newest: this.#newest }),
      recording: this.#told === '',
      ...(this.#told && { reason: this.#told }),
    };
  }

  async #open(): Promise<boolean> {
    const { monotonic, now } = this.#host;
    if (monotonic() - this.#triedAt < AGAIN) return false;
    this.#triedAt = monotonic();
    const { sinks, path } = this.#spec;
    try {
      this.#sinks = [];
      for (const sink of sinks) this.#sinks.push(await openSink(sink, this.#host, this.#spec.gop));
      // The ring lies below the private folder of the first sink, which nobody else can enter.
      const first = sinks[0]!;
      const store = await openStore(first.kind === 'file' ? join(first.path, '..') : first.dir);
      const folder = await store.folder(`ring/${path}`);
      this.#ring = new Ring(folder.path);
      await this.#resume();
      return true;
    } catch (error) {
      await this.#ring?.close().catch(() => {});
      this.#ring = undefined;
      this.#tell(messageOf(error));
      this.#causes.begin('disk-error', now(), messageOf(error));
      return false;
    }
  }

  /** Goes on where the ledger ends, if the ring still has that. */
  async #resume(): Promise<void> {
    const segments = this.#sinks.filter((sink) => sink instanceof SegmentsSink);
    const last = segments[0]?.last;
    if (last) {
      this.#ending = endingOfSegment(last);
      this.#written = { run: last.run, until: last.endDts / last.timescale };
      const reason = 'the gateway did not run';
      this.#causes.add({ from: last.to, to: this.#host.now(), cause: 'gateway', reason });
    }
    const reads = await this.#ring!.look();
    const runs = new Set(reads.map(({ init }) => init.run));
    for (const sink of segments) if (sink.last && runs.has(sink.last.run)) sink.resume();
    for (const read of reads) this.#happened(this.#footage.push(read));
  }

  #happened(events: FootageEvent[]): void {
    for (const event of events) {
      if (event.type === 'take') this.#begins(event);
      else if (event.type === 'hole') {
        if (!this.#isWritten(event.take, event.to)) this.#gap(gapOfHole(event, this.#causes));
      } else if (event.type === 'end') this.#ending = endingOf(event);
      else if (event.type === 'sample') {
        const { take, sample } = event;
        const scale = take.init.tracks.find(({ id }) => id === sample.track)?.timescale ?? 1;
        const at = wallOf(take, sample.pts + sample.duration, scale);
        this.#newest = Math.max(this.#newest ?? at, at);
      }
      for (const sink of this.#sinks) sink.push(event);
    }
  }

  #begins(event: Extract<FootageEvent, { type: 'take' }>): void {
    const begin = beginningOf(event);
    if (this.#ending && !this.#isWritten(event.take, event.dts))
      this.#gap(gapBetween(this.#ending, begin, this.#causes));
    this.#newest = begin.wall;
  }

  /** @param dts ticks of the leading track */
  #isWritten({ run, init }: Take, dts: number): boolean {
    const scale = leadOf(init)?.timescale ?? 1;
    return this.#written?.run === run && dts / scale < this.#written.until;
  }

  #gap(gap: GapEntry | undefined): void {
    if (!gap) return;
    this.#gaps++;
    this.#host.report({ route: this.#spec.route, ...gap });
    for (const sink of this.#sinks) sink.gap?.(gap);
  }

  /** The ring lies on the disk of the first sink. */
  #judge(): void {
    const state = this.#sinks[0]!.disk;
    if (state.on) {
      this.#causes.end('disk-full', this.#host.now());
      this.#causes.end('disk-error', this.#host.now());
    } else if (this.#told !== state.reason) this.#causes.begin(state.cause, this.#host.now(), state.reason);
    this.#tell(state.on ? '' : state.reason);
  }

  /** @param reason why not; empty: the server may write */
  #tell(reason: string): void {
    const was = this.#told;
    this.#told = reason;
    if (was !== undefined && (was === '') === (reason === '')) return;
    const { path } = this.#spec;
    this.#host.report({ type: 'record', path, on: reason === '', ...(reason && { reason }) });
  }

  async #trim(all: boolean): Promise<void> {
    const files = this.#ring!.files().filter(({ state }) => state !== 'foreign');
    const needed = this.#sinks.map(({ oldest }) => oldest?.file).filter((file) => file !== undefined);
    const ended = files.filter(({ state }) => state !== 'waiting');
    const first = ended.findIndex(({ file, state }) => needed.includes(file) || state === 'reading');
    // Sound that came before its key frame lies in the file before.
    const keep = first < 0 ? ended.length : first - 1;
    const count = Math.min(keep, all ? ended.length : ended.length - NEWEST);
    // The server made them and could not write: nothing comes to any but the newest, and while it is off to none.
    const { newest } = this.#ring!;
    const idle = all || this.#told !== '';
    const empty = files.filter(({ state, file }) => state === 'waiting' && (idle || file !== newest));
    for (const { file } of [...ended.slice(0, Math.max(0, count)), ...empty]) await this.#remove(file);
    if (all) await removeIfEmpty(join(this.#spec.ring, this.#spec.path));
  }

  async #remove(file: string): Promise<void> {
    try {
      await this.#ring!.remove(file);
    } catch (error) {
      if (this.#stuck.has(file)) return;
      this.#stuck.add(file);
      const message = `${file} can't be removed: ${messageOf(error)}`;
      this.#host.report({ type: 'log', level: 'warn', route: this.#spec.route, message });
    }
  }
}

async function removeIfEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => ['?']);
  if (names.length === 0) await rmdir(folder).catch(() => {});
}

function openSink(spec: RecordSpec, host: SinkHost, gop: number | undefined): Promise<RunningSink> {
  switch (spec.kind) {
    case 'segments':
      return openSegments(spec, host, gop);
    case 'clips':
      return openClips(spec, host);
    case 'file':
      return openFile(spec, host);
  }
}
