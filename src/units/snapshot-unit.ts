/**
 * The snapshots of a route: while its path has a publisher an ffmpeg hands out pictures, and each that is surely the
 * publisher's is written. While the publisher is away the server shows a slate: a picture counts only when the server
 * was asked after it and still had the publisher that was there when this ffmpeg began.
 */

import { messageOf } from '../errors.ts';
import type { ExitCause, Figures } from '../observe/state.ts';
import type { Arg, SnapshotUnit } from '../plan/types.ts';
import { Album } from '../snapshots/album.ts';
import { Moments } from '../snapshots/moments.ts';
import { arrivalReader, type Picture, pictureReader } from '../snapshots/pictures.ts';
import { cause } from './cause.ts';
import { Child, GENTLE, type Ladder, ladders, SHORT, type Tether } from './process.ts';
import type { StartGate } from './start-gate.ts';
import { causeOfExit } from './stderr.ts';
import type { Timing } from './timing.ts';
import { type Attempt, type Behaviour, type Ending, stopOf } from './unit.ts';

export interface SnapshotHost {
  ffmpeg: string;
  tether: Tether;
  gate: StartGate;
  timing: Timing;
  now(): number;
  pathsOnline(paths: string[], signal: AbortSignal): Promise<boolean>;
  resolve(arg: Arg): string;
  /** What tells one publisher of a path from the next; undefined while there is none. */
  publisher(path: string): string | undefined;
  /** When the last look at the paths that was answered began: Unix milliseconds. */
  pathsSeenAt(): number;
  redact(text: string): string;
  say(level: 'info' | 'warn' | 'error', route: string, message: string): void;
}

/** Milliseconds: how much later than on the server a picture's time may be, and the time of its first neighbours. */
const MARGIN = 400;

/** Milliseconds: the first packets wait until ffmpeg knows the stream, and would make pictures late. */
const SETTLE = 1500;

/** Pictures that wait for the server's word or for the disk. */
const MOST_WAITING = 64;

/** One ffmpeg, as long as one publisher is there. */
interface Visit {
  child: Child;
  publisher: string | undefined;
  /** Monotonic: when it was started, or a packet last came. */
  movedAt: number;
  /** Monotonic: when the first packet came. */
  beganAt: number | undefined;
  /** Until then (Unix milliseconds) what came was the publisher's. */
  sureUntil: number;
  over: boolean;
  moments: Moments;
  waiting: Picture[];
}

export class SnapshotBehaviour implements Behaviour {
  readonly kind = 'snapshots';
  readonly figures: Figures = { frames: 0 };
  readonly #spec: SnapshotUnit;
  readonly #host: SnapshotHost;
  #visit: Visit | undefined;
  #writing: Promise<void> = Promise.resolve();
  #behind = 0;
  #album: Album | undefined;
  /** Told at each tick. */
  #looks: (() => void)[] = [];

  constructor(spec: SnapshotUnit, host: SnapshotHost) {
    this.#spec = spec;
    this.#host = host;
  }

  get id(): string {
    return this.#spec.id;
  }

  get routes(): string[] {
    return this.#spec.routes;
  }

  async run(attempt: Attempt): Promise<Ending> {
    const { signal } = attempt;
    try {
      this.#album ??= await this.#open();
      for (;;) {
        // That nobody publishes is no fault, and nothing to wait for at the start of the gateway.
        if (!(await this.#host.pathsOnline([], signal))) return stopOf(signal).cause;
        attempt.ready();
        if (!(await this.#host.pathsOnline(this.#spec.reads, signal))) return stopOf(signal).cause;
        const ending = await this.#watch(attempt);
        if (ending !== undefined) return ending;
      }
    } catch (error) {
      this.#album = undefined;
      return cause('exit', messageOf(error));
    } finally {
      await this.#writing.catch(() => {});
    }
  }

  tick(now: number): void {
    for (const resolve of this.#looks.splice(0)) resolve();
    const visit = this.#visit;
    if (visit === undefined || visit.over) return;
    this.#judge(visit);
    const limit = visit.beganAt !== undefined ? this.#spec.stall * 1000 : this.#host.timing.startNetwork;
    // A publisher that died may count as there for a while: to ask again is all that can be done here.
    if (!visit.over && now - visit.movedAt > limit) this.#leave(visit, SHORT);
  }

  rearm(now: number): void {
    if (this.#visit) this.#visit.movedAt = now;
  }

  #open(): Promise<Album> {
    const [route = ''] = this.#spec.routes;
    return Album.open({
      spec: this.#spec.sink,
      route,
      now: () => Date.now() / 1000,
      monotonic: () => this.#host.now(),
      say: (level, message) => this.#host.say(level, route, message),
    });
  }

  /** @returns undefined when the publisher went or another one came */
  async #watch(attempt: Attempt): Promise<Ending | undefined> {
    const { signal } = attempt;
    const slot = await this.#host.gate.acquire(signal, false);
    if (slot === undefined) return stopOf(signal).cause;
    let broken: ExitCause | undefined;
    const moments = new Moments();
    const read = pictureReader((picture) => this.#take(visit, picture));
    const seconds = () => Date.now() / 1000;
    const arrived = arrivalReader(seconds, (dts, at) => {
      visit.movedAt = this.#host.now();
      visit.beganAt ??= visit.movedAt;
      moments.arrived(dts, at);
      slot.release();
    });
    const args = ['-hide_banner', '-nostdin', '-loglevel', 'level+error'];
    const child = new Child(
      this.#host.ffmpeg,
      [...args, ...this.#spec.args.map((arg) => this.#host.resolve(arg))],
      {
        tether: this.#host.tether,
        onProgress: arrived,
        onStdout: (chunk) => {
          if (broken) return;
          try {
            read(chunk);
          } catch (error) {
            broken = cause('exit', messageOf(error));
            void child.end(ladders.atOnce);
          }
        },
      },
    );
    const visit: Visit = {
      child,
      publisher: this.#host.publisher(this.#spec.reads[0]),
      movedAt: this.#host.now(),
      beganAt: undefined,
      sureUntil: 0,
      over: false,
      moments,
      waiting: [],
    };
    this.#visit = visit;
    attempt.started(child.pid);
    const end = () => void child.end(ladders[stopOf(signal).how]);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    const exit = await child.exited;
    signal.removeEventListener('abort', end);
    slot.release();
    attempt.started(undefined);
    this.#release(visit);
    if (!signal.aborted && !broken && !visit.over) await this.#lookAfter(Date.now(), visit, signal);
    this.#visit = undefined;
    if (signal.aborted) return stopOf(signal).cause;
    if (broken) return broken;
    if (visit.over) return undefined;
    if (exit.error !== undefined) return cause('spawn', `${this.#host.ffmpeg}: ${exit.error.message}`);
    return causeOfExit(
      exit.code,
      exit.signal,
      child.stderr().map((line) => this.#host.redact(line)),
    );
  }

  #take(visit: Visit, picture: Picture): void {
    visit.waiting.push(picture);
    if (visit.waiting.length > MOST_WAITING) visit.waiting.shift();
    if (visit.over) this.#release(visit);
  }

  /** What the server said since. */
  #judge(visit: Visit): void {
    // Before another one came the slate was shown.
    const publisher = this.#host.publisher(this.#spec.reads[0]);
    const same = publisher !== undefined && publisher === visit.publisher;
    if (same) visit.sureUntil = this.#host.pathsSeenAt();
    this.#release(visit);
    // It hands out what its decoder holds.
    if (!same) this.#leave(visit, GENTLE);
  }

  #leave(visit: Visit, ladder: Ladder): void {
    visit.over = true;
    void visit.child.end(ladder);
  }

  /** Writes what is surely the publisher's; what can't become so any more is dropped. */
  #release(visit: Visit): void {
    const settled = visit.beganAt !== undefined && this.#host.now() - visit.beganAt >= SETTLE;
    if (!settled && !visit.over) return;
    const waiting = visit.waiting.splice(0);
    for (const picture of waiting) {
      const at = visit.moments.of(picture.pts);
      if (at !== undefined && at * 1000 + MARGIN <= visit.sureUntil) this.#write(picture, at);
      else if (!visit.over) visit.waiting.push(picture);
    }
  }

  #write({ jpeg }: Picture, at: number): void {
    // The disk is slow: the newest picture is worth more than all that wait.
    if (this.#behind >= MOST_WAITING) return;
    this.#behind++;
    this.#writing = this.#writing
      .then(async () => {
        const name = await this.#album?.put(jpeg, at);
        if (name === undefined) return;
        this.figures.frames = (this.figures.frames ?? 0) + 1;
      })
      .catch((error: unknown) => {
        this.#host.say(
          'error',
          this.#spec.routes[0] ?? '',
          `a snapshot was not written: ${messageOf(error)}`,
        );
      })
      .finally(() => {
        this.#behind--;
      });
  }

  /** It ended by itself: because its publisher went? */
  async #lookAfter(time: number, visit: Visit, signal: AbortSignal): Promise<void> {
    const until = this.#host.now() + this.#host.timing.offline;
    while (!signal.aborted && !visit.over && this.#host.now() < until && this.#host.pathsSeenAt() <= time) {
      await new Promise<void>((resolve) => {
        this.#looks.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    if (!visit.over) this.#judge(visit);
  }
}
