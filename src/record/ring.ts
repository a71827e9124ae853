/**
 * A folder into which the server writes one small file after another. Follows them in the order in which they were written,
 * and gives each sample once. It removes nothing by itself, and goes through no link.
 */
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Earlier } from './earlier.ts';
import { codeOf } from './folder.ts';
import { RingFile } from './mp4/reader.ts';
import { Timeline } from './mp4/timeline.ts';
import { inOrder, runOf } from './ring-order.ts';
import type { Init, RingRead } from './types.ts';

export interface RingEntry {
  /** Absolute. */
  file: string;
  bytes: number;
  run?: string;
  /** Where it ends on the timeline of its run, in ticks of its first track. */
  endDts?: number;
  /** Whole packets in it. */
  samples: number;
  /**
   * `unread`: could not be looked at now, and may hold footage. `waiting`: has no header yet, and never will if a later
   * file has one. `foreign`: no regular file: never opened again.
   */
  state: 'unread' | 'waiting' | 'reading' | 'ended' | 'foreign';
}

interface Entry {
  name: string;
  file: RingFile;
  state: RingEntry['state'];
}

export class Ring {
  readonly #folder: string;
  readonly #earlier: Earlier | undefined;
  readonly #entries = new Map<string, Entry>();
  /** Those that have a header, in the order of their footage. */
  readonly #order: (Entry & { init: Init })[] = [];
  readonly #timelines = new Map<string, Timeline>();

  /**
   * @param folder absolute; need not be there yet
   * @param earlier what is known of its runs
   */
  constructor(folder: string, earlier?: Earlier) {
    this.#folder = folder;
    this.#earlier = earlier;
  }

  /** What came since the last look. One look at a time. */
  look(): Promise<RingRead[]> {
    return this.#look(false);
  }

  /** A last look at what is there now: all files end, as far as they have come. Later files may follow all the same. */
  finish(): Promise<RingRead[]> {
    return this.#look(true);
  }

  /** The file that was seen last, whatever the clock says. */
  get newest(): string | undefined {
    return [...this.#entries.values()].at(-1)?.file.path;
  }

  files(): RingEntry[] {
    const ordered = new Set<Entry>(this.#order);
    const rest = [...this.#entries.values()].filter((entry) => !ordered.has(entry));
    return [...this.#order, ...rest].map(({ file, state }) => ({
      file: file.path,
      bytes: file.bytes,
      ...(file.init !== undefined && { run: file.init.run }),
      ...(file.endDts !== undefined && { endDts: file.endDts }),
      samples: file.samples,
      state,
    }));
  }

  /** Deletes a file of the ring. */
  async remove(file: string): Promise<void> {
    const entry = [...this.#entries.values()].find((candidate) => candidate.file.path === file);
    if (entry === undefined) return;
    await unlink(file).catch(unlessMissing);
    await this.#forget(entry);
  }

  async close(): Promise<void> {
    for (const entry of this.#entries.values()) await entry.file.close();
  }

  async #look(last: boolean): Promise<RingRead[]> {
    await this.#list();
    // Headers first: once a later file has one, nothing more comes to those before it, and what is read now is all.
    await this.#begin();
    const reads: RingRead[] = [];
    const newest = this.#order.at(-1);
    for (const entry of [...this.#order]) {
      if (entry.state !== 'reading') continue;
      try {
        const read = await this.#read(entry, last || entry !== newest);
        if (read !== undefined) reads.push(read);
      } catch (error) {
        // What was read is given; the next look begins with this file, and meets the error again if it lasts.
        if (reads.length === 0) throw error;
        break;
      }
    }
    return reads;
  }

  async #read(entry: Entry & { init: Init }, over: boolean): Promise<RingRead | undefined> {
    const { file, init } = entry;
    try {
      const { samples, closed, whole } = await file.read(this.#timeline(entry));
      const ended = closed || over ? (whole ? 'closed' : 'cut') : false;
      if (ended !== false) {
        entry.state = 'ended';
        await file.close();
      }
      return samples.length > 0 || ended !== false ? { file: file.path, init, samples, ended } : undefined;
    } catch (error) {
      // Gone between the list and the look.
      unlessMissing(error);
      await this.#forget(entry);
      return undefined;
    }
  }

  async #list(): Promise<void> {
    const names = new Set<string>();
    for (const name of await readdir(this.#folder).catch(missingIsEmpty))
      if (name.endsWith('.mp4')) names.add(name);
    for (const entry of [...this.#entries.values()]) if (!names.has(entry.name)) await this.#forget(entry);
    for (const name of [...names].sort())
      if (!this.#entries.has(name))
        this.#entries.set(name, { name, file: new RingFile(join(this.#folder, name)), state: 'unread' });
  }

  /** All or none: in pieces their order might be another. */
  async #begin(): Promise<void> {
    const begun: (Entry & { init: Init })[] = [];
    const empty: Entry[] = [];
    const all = [...this.#entries.values()].filter(({ state }) => state === 'unread' || state === 'waiting');
    for (const entry of all) entry.state = 'unread';
    for (const entry of all) {
      try {
        if (!(await entry.file.begin())) entry.state = 'foreign';
      } catch (error) {
        unlessMissing(error);
        await this.#forget(entry);
        continue;
      }
      // Opened again when its turn comes: after an outage there may be more files than a process may have open.
      await entry.file.close();
      const { init } = entry.file;
      if (init !== undefined) begun.push(Object.assign(entry, { init }));
      else if (entry.state === 'unread') empty.push(entry);
    }
    for (const entry of empty) entry.state = 'waiting';
    if (begun.length === 0) return;
    const seen = new Set(this.#order.map(runOf));
    for (const entry of inOrder(begun, seen, this.#earlier)) {
      entry.state = 'reading';
      this.#order.push(entry);
    }
  }

  #timeline(entry: Entry & { init: Init }): Timeline {
    const run = runOf(entry);
    let timeline = this.#timelines.get(run);
    if (timeline === undefined) {
      timeline = new Timeline();
      this.#timelines.set(run, timeline);
    }
    return timeline;
  }

  async #forget(entry: Entry): Promise<void> {
    this.#entries.delete(entry.name);
    const index = this.#order.findIndex((candidate) => candidate.name === entry.name);
    if (index >= 0) this.#order.splice(index, 1);
    await entry.file.close();
    const { init } = entry.file;
    if (init === undefined) return;
    const run = runOf({ name: entry.name, init });
    // The newest run may go on after its last file was taken away.
    if (this.#order.length > 0 && !this.#order.some((candidate) => runOf(candidate) === run))
      this.#timelines.delete(run);
  }
}

function unlessMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function missingIsEmpty(error: unknown): string[] {
  unlessMissing(error);
  return [];
}
