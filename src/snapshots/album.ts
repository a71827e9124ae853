/** The folder of a snapshots sink: pictures come into it whole, the oldest go as the sink says. */
import { createDisk, type Disk } from '../record/disk.ts';
import { Keeper } from '../record/keeper.ts';
import { type Ledger, openLedger } from '../record/ledger.ts';
import { segmentName } from '../record/names.ts';
import { ledgerPlace } from '../record/places.ts';
import { openStore, type Store } from '../record/store.ts';
import type { Temporary } from '../record/temporary.ts';
import type { SegmentEntry, SnapshotsSpec } from '../record/types.ts';
import { createWallClock, type WallClock } from '../record/wall-clock.ts';

export interface AlbumOptions {
  spec: SnapshotsSpec;
  route: string;
  /** Unix seconds. */
  now(): number;
  /** Milliseconds. */
  monotonic(): number;
  say(level: 'info' | 'warn' | 'error', message: string): void;
}

/** Milliseconds between two looks at the disk and at what has become too old. */
const LOOK = 5000;

export class Album {
  readonly #options: AlbumOptions;
  readonly #store: Store;
  readonly #ledger: Ledger;
  readonly #disk: Disk;
  readonly #keeper: Keeper;
  readonly #clock: WallClock;
  #seq: number;
  #size = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** What was said of the disk last. */
  #said: string | undefined;

  static async open(options: AlbumOptions): Promise<Album> {
    const store = await openStore(options.spec.dir);
    await store.sweep();
    const folder = await store.folder(ledgerPlace('snapshots', options.route));
    return new Album(options, store, await openLedger(folder));
  }

  private constructor(options: AlbumOptions, store: Store, ledger: Ledger) {
    const { spec, route, now, monotonic } = options;
    this.#clock = createWallClock(now, monotonic);
    this.#options = options;
    this.#store = store;
    this.#ledger = ledger;
    this.#seq = (ledger.lastSegment()?.seq ?? -1) + 1;
    this.#disk = createDisk({ store, reserve: spec.reserve, segmentBytes: () => this.#size, monotonic });
    this.#keeper = new Keeper({
      store,
      ledger,
      disk: this.#disk,
      bounds: spec,
      host: { now, knownTime: () => this.#clock.known(), monotonic, route, report: () => {} },
    });
  }

  /**
   * One call at a time. Rejects when it is not the disk's fault.
   * @param at Unix seconds of the picture
   * @returns the name that it got; undefined: there is no room for it
   */
  async put(jpeg: Buffer, at: number): Promise<string | undefined> {
    try {
      await this.#look();
      if (!this.#disk.state().on) return undefined;
      const path = await this.#publish(jpeg, at);
      this.#keeper.completed();
      await this.#ledger.append(entryOf(path, this.#seq++, at, jpeg.length));
      if (this.#options.spec.latest !== undefined) {
        const { latest } = this.#options.spec;
        await this.#write(jpeg, (file) => this.#store.replace(file, latest));
      }
      return path;
    } catch (error) {
      if (!this.#disk.failed(error)) throw error;
      return undefined;
    } finally {
      this.#tell();
    }
  }

  #publish(jpeg: Buffer, at: number): Promise<string> {
    const { spec, route } = this.#options;
    const name = segmentName(spec.name, { from: at, route, seq: this.#seq });
    this.#size = jpeg.length;
    return this.#write(jpeg, (file) => this.#store.publish(file, `${name}.jpg`));
  }

  async #write<T>(jpeg: Buffer, place: (file: Temporary) => Promise<T>): Promise<T> {
    const file = await this.#store.temporary('jpg');
    try {
      await file.handle.writeFile(jpeg);
      return await place(file);
    } catch (error) {
      await file.discard().catch(() => {});
      throw error;
    }
  }

  async #look(): Promise<void> {
    const now = this.#options.monotonic();
    // A clock that was set makes no picture old.
    const set = this.#clock.look();
    if (set) await this.#ledger.step(set.at, set.step);
    if (now - this.#lookedAt < LOOK) return;
    this.#lookedAt = now;
    await this.#keeper.pass();
  }

  #tell(): void {
    const state = this.#disk.state();
    const words = state.on ? undefined : state.cause;
    if (words === this.#said) return;
    this.#said = words;
    if (state.on) this.#options.say('info', 'snapshots are written again');
    else this.#options.say('warn', `no snapshots are written to ${this.#store.path}: ${state.reason}`);
  }
}

function entryOf(path: string, seq: number, at: number, bytes: number): SegmentEntry {
  return {
    ...{ type: 'segment', path, seq, from: at, to: at, run: '', dts: 0, endDts: 0, firstPts: 0, lastPts: 0 },
    ...{ timescale: 1, frames: 1, bytes, complete: true },
  };
}
