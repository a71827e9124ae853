/**
 * The `file` sink: one recording, which grows group of pictures by group of pictures. It is fragmented MP4, so that it
 * can be played at any moment and a crash costs nothing of it; .mkv and .ts are made of it when it ends.
 */
import { basename, dirname, extname } from 'node:path';
import { messageOf } from '../errors.ts';
import { type Cut, Cutter } from './cut.ts';
import { createDisk, type Disk, type Space } from './disk.ts';
import type { Earlier } from './earlier.ts';
import { loadWritten, noteWritten, saveWritten, type Written } from './file-state.ts';
import type { Folder } from './folder.ts';
import type { FootageEvent } from './footage.ts';
import { GrowingFile } from './mp4/growing.ts';
import { ledgerPlace } from './places.ts';
import { remux } from './remux.ts';
import type { RunningSink, SinkHost } from './sink.ts';
import { openStore, type Store } from './store.ts';
import { microseconds, wallOf } from './tracks.ts';
import type { FileSpec, GapEntry, Init } from './types.ts';

/** Seconds of footage that are added at a time, at least. */
const STEP = 1;

/** Milliseconds that footage waits for a disk which takes nothing. */
const PATIENCE = 30_000;

const formats: Record<string, 'mpegts' | 'matroska'> = { '.ts': 'mpegts', '.mkv': 'matroska' };

interface Open {
  /** Below the folder, and absolute. */
  name: string;
  path: string;
  handle: Awaited<ReturnType<Store['create']>>['handle'];
  growing: GrowingFile;
  run: string;
  init: Init;
  bytes: number;
}

export async function openFile(spec: FileSpec, host: SinkHost): Promise<RunningSink> {
  const store = await openStore(dirname(spec.path));
  await store.sweep();
  const folder = await store.folder(ledgerPlace('file', host.route));
  return new FileSink(spec, host, store, folder, await loadWritten(folder, basename(spec.path)));
}

class FileSink implements RunningSink {
  readonly #spec: FileSpec;
  readonly #host: SinkHost;
  readonly #store: Store;
  readonly #disk: Disk;
  readonly #folder: Folder;
  /** Another file begins, with what those before it don't have yet. */
  readonly #cutter: Cutter;
  readonly earlier: Earlier;
  #waiting: { cut: Cut; since: number }[] = [];
  #open: Open | undefined;
  #space: Space | undefined;
  /** What the disk didn't take: told when it takes again. */
  #lost: GapEntry | undefined;
  readonly #written: Written;
  /** `#written` is not on the disk as it is. */
  #unsaved = false;
  #told = '';

  constructor(spec: FileSpec, host: SinkHost, store: Store, folder: Folder, written: Written) {
    this.#folder = folder;
    this.#written = written;
    this.#spec = spec;
    this.#host = host;
    this.#store = store;
    const { reserve } = spec;
    this.#disk = createDisk({ store, reserve, segmentBytes: () => 1_000_000, monotonic: host.monotonic });
    this.earlier = { runs: new Map(written), setBack: false };
    this.#cutter = new Cutter({ every: STEP, digestOf: host.digestOf, written: this.earlier.runs });
  }

  get oldest() {
    return this.#waiting[0]?.cut.samples[0] ?? this.#cutter.oldest;
  }

  get disk() {
    return this.#disk.state();
  }

  get figures() {
    return { bytes: this.#open?.bytes ?? 0, free: this.#space?.bytes ?? 0 };
  }

  push(event: FootageEvent): void {
    this.#wait(this.#cutter.push(event));
  }

  async work(): Promise<void> {
    const space = await this.#disk.measure();
    if (space) {
      this.#space = space;
      this.#disk.judge(space);
    }
    const state = this.#disk.state();
    if (state.on) {
      await this.#write();
      await this.#save();
    } else this.#giveUp(state);
  }

  async finish(): Promise<void> {
    this.#wait(this.#cutter.finish());
    await this.#write();
    await this.close();
  }

  async close(): Promise<void> {
    this.#tellLost();
    await this.#save().catch((error: unknown) => this.#complain(messageOf(error)));
    const open = this.#open;
    this.#open = undefined;
    if (!open) return;
    try {
      await open.growing.finish();
      await this.#convert(open);
    } catch (error) {
      this.#complain(messageOf(error));
    } finally {
      await open.handle.close();
    }
  }

  #wait(cuts: Cut[]): void {
    const since = this.#host.monotonic();
    this.#waiting.push(...cuts.map((cut) => ({ cut, since })));
  }

  /** The ring, which may lie on another disk, must not grow for ever. */
  #giveUp(why: Pick<GapEntry, 'cause' | 'reason'>): void {
    const late = this.#host.monotonic() - PATIENCE;
    for (let next = this.#waiting[0]; next && next.since < late; next = this.#waiting[0]) {
      this.#complain('what is waiting for the disk is left out');
      this.#lose(next.cut, why);
      this.#waiting.shift();
    }
  }

  #lose(
    { take, lead, firstPts, endPts, frames }: Cut,
    { cause, reason }: Pick<GapEntry, 'cause' | 'reason'>,
  ): void {
    const [from, to] = [firstPts, endPts].map((pts) => microseconds(wallOf(take, pts, lead.timescale)));
    this.#lost ??= { type: 'gap', from: from!, to: to!, cause, reason, frames: 0 };
    this.#lost.to = to!;
    this.#lost.frames! += frames;
  }

  #tellLost(): void {
    if (this.#lost) this.#host.report({ route: this.#host.route, ...this.#lost });
    this.#lost = undefined;
  }

  async #write(): Promise<void> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      try {
        await this.#append(next.cut);
      } catch (error) {
        const reason = messageOf(error);
        this.#complain(reason);
        if (this.#disk.failed(error)) return;
        this.#lose(next.cut, { cause: 'recorder', reason });
      }
      this.#waiting.shift();
    }
  }

  async #append(cut: Cut): Promise<void> {
    if (this.#open && (this.#open.run !== cut.take.run || this.#open.init !== cut.init)) await this.close();
    this.#open ??= await this.#begin(cut);
    await this.#open.growing.append(cut.samples);
    noteWritten(this.#written, cut.take.run, cut.endDts);
    this.#unsaved = true;
    this.#open.bytes = (await this.#open.handle.stat()).size;
    this.#told = '';
    this.#tellLost();
  }

  async #save(): Promise<void> {
    if (!this.#unsaved) return;
    try {
      await saveWritten(this.#folder, basename(this.#spec.path), this.#written);
      this.#unsaved = false;
    } catch (error) {
      if (!this.#disk.failed(error)) throw error;
    }
  }

  /** Another run or other parameters can't go on in the same file. */
  async #begin(cut: Cut): Promise<Open> {
    const extension = extname(this.#spec.path);
    const stem = basename(this.#spec.path, extension);
    const made = await this.#store.create(`${stem}.mp4`, extension === '.mp4' ? undefined : extension);
    const { init, take, dts, lead } = cut;
    const growing = new GrowingFile(made.handle, { init, origin: dts / lead.timescale });
    const final = extension === '.mp4' ? '' : `, which becomes ${basename(made.name, '.mp4')}${extension}`;
    this.#say('info', `records into ${made.path}${final}`);
    return { ...made, growing, init, run: take.run, bytes: 0 };
  }

  async #convert({ name, path, bytes }: Open): Promise<void> {
    const format = formats[extname(this.#spec.path)];
    if (!format) return;
    const extension = extname(this.#spec.path);
    const file = await this.#store.temporary(extension.slice(1));
    try {
      await remux(this.#host, path, file.path, format);
      const final = await this.#store.publish(file, `${basename(name, '.mp4')}${extension}`);
      this.#say('info', `${path} became ${final}`);
    } catch (error) {
      await file.discard().catch(() => {});
      throw error;
    }
    await this.#store.remove(name, bytes);
  }

  #complain(message: string): void {
    if (message !== this.#told) this.#say('error', `${this.#spec.path}: ${message}`);
    this.#told = message;
  }

  #say(level: 'info' | 'error', message: string): void {
    this.#host.report({ type: 'log', level, route: this.#host.route, message });
  }
}
