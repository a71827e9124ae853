/**
 * One path: its ring is read, what happened is told to the sinks, and what none of them needs any more is removed.
 * Whether the server may write the ring is decided here, too: not before the folders are known to be ours, and not
 * while the disk is full.
 */
import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import { Arrivals, NOTHING_COMES } from './arrivals.ts';
import { Attempts } from './attempts.ts';
import { openClips } from './clips.ts';
import { Continuity } from './continuity.ts';
import { openFile } from './file.ts';
import { Footage, type FootageEvent } from './footage.ts';
import { absences, beginningOf, Causes } from './gap.ts';
import { GuardedSink } from './guarded-sink.ts';
import { Ring } from './ring.ts';
import { RingPlace } from './ring-place.ts';
import { openSegments } from './segments.ts';
import type { RunningSink, SinkHost } from './sink.ts';
import { wallOf } from './tracks.ts';
import type { RecordedPath, RecorderCommand, RecorderFigures, RecorderReport, RecordSpec } from './types.ts';

/** Files of the ring that stay whatever is needed: what was read of them may not be cut yet. */
const NEWEST = 2;
/** Milliseconds until folders that could not be used are tried again. */
const AGAIN = 2000;
/** Seconds of causes that are remembered. */
const MEMORY = 3600;

export class PathRecorder {
  readonly #spec: RecordedPath;
  readonly #host: SinkHost;
  readonly #since: number;
  readonly #attempts: Attempts;
  readonly #arrivals: Arrivals;
  readonly #causes = new Causes();
  /** The ring lies on the disk of the first. */
  readonly #sinks: [GuardedSink, ...GuardedSink[]];
  readonly #place: RingPlace;
  #ring: Ring | undefined;
  #footage = new Footage();
  /** Of what the host is told: as the first ledger sees it. Each ledger hears of its own gaps. */
  #continuity = new Continuity();
  #newest: number | undefined;
  #gaps = 0;
  #told: string | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #over = false;
  /** Files that can't be removed now. */
  readonly #stuck = new Set<string>();

  /** @param since Unix seconds: the gateway's start */
  constructor(spec: RecordedPath, host: SinkHost, since: number) {
    this.#spec = spec;
    this.#since = since;
    const report = (each: RecorderReport): void => {
      if (each.type === 'gap') this.#gaps++;
      host.report(each);
    };
    const arrivals = new Arrivals(host.monotonic);
    this.#arrivals = arrivals;
    this.#host = { ...host, report, noMore: () => arrivals.over };
    this.#attempts = new Attempts(this.#host);
    const [first, ...others] = spec.sinks.map((sink) => this.#guarded(sink));
    this.#sinks = [first!, ...others];
    this.#place = new RingPlace(spec.sinks[0]!, spec.path);
  }

  get route(): string {
    return this.#spec.route;
  }

  /** The server was told to record it no more. */
  get isOver(): boolean {
    return this.#over;
  }

  /** The same, and its last file is not closed yet. */
  get isEnding(): boolean {
    return this.#over && (this.#ring?.files() ?? []).some(({ state }) => state === 'reading');
  }

  command(command: RecorderCommand): void {
    if (command.type === 'event') {
      const { name, at, data } = command;
      if (command.route !== this.#spec.route) return;
      for (const sink of this.#sinks) sink.event({ name, at, ...(data !== undefined && { data }) });
    } else if (command.type !== 'server' && command.path !== this.#spec.path) return;
    else if (command.type === 'over') this.#over = true;
    else {
      this.#causes.command(command);
      this.#arrivals.command(command);
    }
  }

  async step(at: number, step: number): Promise<void> {
    this.#footage.step(step);
    this.#causes.step(step);
    this.#continuity.step(step);
    if (this.#newest !== undefined) this.#newest += step;
    for (const sink of this.#sinks) await sink.step(at, step);
  }

  /** One look. Rejects never. @param over the server writes no more: what is open ends here */
  async look(over = false): Promise<void> {
    await this.#open();
    if (!this.#ring) return;
    const trouble = await this.#stay();
    const ring = this.#ring;
    if (!trouble) await this.#read(ring, over);
    for (const sink of this.#sinks) await (over ? sink.finish() : sink.work());
    if (trouble) this.#cannot(trouble);
    else {
      this.#judge();
      await this.#attempts.run(this.#folder, () => this.#trim(ring, over));
    }
    this.#causes.forget(this.#host.now() - MEMORY);
  }

  /** @returns why it can't be looked at */
  async #stay(): Promise<string | undefined> {
    try {
      await this.#use(await this.#place.stay());
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  async #read(ring: Ring, over: boolean): Promise<void> {
    await this.#attempts.run(this.#folder, async () => {
      const reads = over ? await ring.finish() : await ring.look();
      for (const read of reads) this.#happened(this.#footage.push(read));
      this.#arrived(reads.some(({ samples }) => samples.length > 0));
    });
    if (over) this.#happened(this.#footage.end());
  }

  #arrived(any: boolean): void {
    if (this.#arrivals.looked(any, this.#told === ''))
      this.#host.report({ type: 'log', level: 'warn', route: this.#spec.route, message: NOTHING_COMES });
  }

  /** Without writing what is open: the ring holds it, and whoever comes next goes on with it. */
  async close(): Promise<void> {
    for (const sink of this.#sinks) await sink.close();
    await this.#attempts.run(this.#folder, () => this.#ring?.close());
    await this.#attempts.run(this.#folder, () => this.#place.release());
  }

  figures(): RecorderFigures[string] {
    const all = this.#sinks.flatMap(({ figures }) => figures ?? []);
    const reason = this.#told || (this.#arrivals.none && NOTHING_COMES);
    const sum = (key: 'segments' | 'clips' | 'bytes'): number =>
      all.reduce((total, figures) => total + (figures[key] ?? 0), 0);
    return {
      ...{ segments: sum('segments'), clips: sum('clips'), gaps: this.#gaps, bytes: sum('bytes') },
      free: Math.min(...all.map(({ free }) => free), Number.MAX_SAFE_INTEGER),
      ...(this.#newest !== undefined && { newest: this.#newest }),
      recording: this.#told === '' && !this.#arrivals.none,
      ...(reason && { reason }),
    };
  }

  /** In words about it. */
  get #folder(): string {
    return join(this.#spec.ring, this.#spec.path);
  }

  #guarded(spec: RecordSpec): GuardedSink {
    const place = spec.kind === 'file' ? spec.path : spec.dir;
    const open = (): Promise<RunningSink> => openSink(spec, this.#host, this.#spec.gop);
    const [host, attempts, since, causes] = [this.#host, this.#attempts, this.#since, this.#causes];
    return new GuardedSink({ place, open, host, attempts, since, causes });
  }

  /** What is not open yet. Without the first sink nothing is recorded. */
  async #open(): Promise<void> {
    const { monotonic } = this.#host;
    const all = this.#ring && this.#sinks.every(({ isOpen }) => isOpen);
    if (all || monotonic() - this.#triedAt < AGAIN) return;
    this.#triedAt = monotonic();
    const [first, ...others] = this.#sinks;
    if (!(await this.#own())) return;
    for (const sink of others) await this.#attempts.run(sink.place, () => sink.open());
    if (!this.#ring) await this.#begin(first);
  }

  async #own(): Promise<boolean> {
    try {
      await this.#place.own();
      return true;
    } catch (error) {
      this.#cannot(messageOf(error));
      return false;
    }
  }

  async #begin(first: GuardedSink): Promise<void> {
    try {
      await first.open();
      await this.#use(await this.#place.enter());
      await this.#resume();
    } catch (error) {
      await this.#ring?.close().catch(() => {});
      this.#ring = undefined;
      this.#place.leave();
      this.#cannot(messageOf(error));
    }
  }

  /** The ring lies in this folder from here on; undefined: it stays where it is. */
  async #use(folder: string | undefined): Promise<void> {
    if (folder === undefined) return;
    await this.#ring?.close();
    const known = this.#sinks.flatMap(({ earlier }) => earlier ?? []);
    // A ledger knows of the clock.
    this.#ring = new Ring(folder, known.find(({ last }) => last) ?? known.find(({ runs }) => runs.size > 0));
    // The server has to hear of it, though it may write already: into the one that was there.
    this.#told = undefined;
  }

  #cannot(reason: string): void {
    if (this.#told !== reason) this.#causes.begin('disk-error', this.#host.now(), reason);
    this.#tell(reason);
  }

  /** Goes on where the ledgers end, as far as the ring still has that. */
  async #resume(): Promise<void> {
    const { sinks } = this.#spec;
    const first = this.#sinks.find(({ isOpen }, index) => isOpen && sinks[index]!.kind === 'segments');
    const earlier = first?.earlier;
    if (earlier?.last)
      for (const absence of absences(earlier.last.to, this.#since, this.#host.now()))
        this.#causes.add(absence);
    const reads = await this.#ring!.look();
    const runs = [...new Set(this.#ring!.files().flatMap(({ run }) => run ?? []))];
    this.#continuity = new Continuity(earlier);
    for (const each of [this.#continuity, ...this.#sinks]) each.resume(runs);
    for (const read of reads) this.#happened(this.#footage.push(read));
  }

  #happened(events: FootageEvent[]): void {
    for (const event of events) {
      const gap = this.#continuity.gap(event, this.#causes);
      if (gap) this.#host.report({ route: this.#spec.route, ...gap });
      if (event.type === 'take') this.#newest = beginningOf(event).wall;
      else if (event.type === 'sample') {
        const { take, sample } = event;
        const scale = take.init.tracks.find(({ id }) => id === sample.track)?.timescale ?? 1;
        const at = wallOf(take, sample.pts + sample.duration, scale);
        this.#newest = Math.max(this.#newest ?? at, at);
      }
      for (const sink of this.#sinks) sink.push(event);
    }
  }

  #judge(): void {
    const state = this.#sinks[0].disk;
    if (!state) return;
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
    if (reason !== '') this.#host.report({ type: 'record', path, on: false, reason });
    else this.#host.report({ type: 'record', path, on: true, folder: this.#place.identity });
  }

  async #trim(ring: Ring, all: boolean): Promise<void> {
    const files = ring.files().filter(({ state }) => state !== 'foreign');
    const needed = this.#sinks.map(({ oldest }) => oldest?.file).filter((file) => file !== undefined);
    const ended = files.filter(({ state }) => state !== 'waiting');
    const open = ['unread', 'reading'];
    const first = ended.findIndex(({ file, state }) => needed.includes(file) || open.includes(state));
    // Sound that came before its key frame lies in the file before.
    const keep = first < 0 ? ended.length : first - 1;
    const count = Math.min(keep, all ? ended.length : ended.length - NEWEST);
    // The server made them and could not write: nothing comes to any but the newest, and while it is off to none.
    const { newest } = ring;
    const idle = all || this.#told !== '';
    const empty = files.filter(({ state, file }) => state === 'waiting' && (idle || file !== newest));
    for (const { file } of [...ended.slice(0, Math.max(0, count)), ...empty]) await this.#remove(ring, file);
    if (all) await removeIfEmpty(this.#folder);
  }

  async #remove(ring: Ring, file: string): Promise<void> {
    try {
      await ring.remove(file);
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
