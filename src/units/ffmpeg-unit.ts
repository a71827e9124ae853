/** An ffmpeg: ready when its paths are online, alive while its progress advances. */
import type { ExitCause, Figures } from '../observe/state.ts';
import type { Arg, FfmpegUnit } from '../plan/types.ts';
import { cause } from './cause.ts';
import type { Feeds } from './feeds.ts';
import { endpointOfInput, knock } from './knock.ts';
import { Child, ladders, type Tether } from './process.ts';
import { Progress } from './progress.ts';
import type { Slot, StartGate } from './start-gate.ts';
import { causeOfExit } from './stderr.ts';
import type { Timing } from './timing.ts';
import { type Attempt, type Behaviour, type Ending, stopOf } from './unit.ts';

/** What an ffmpeg needs of the world around it. */
export interface FfmpegHost {
  ffmpeg: string;
  tether: Tether;
  gate: StartGate;
  timing: Timing;
  now(): number;
  /** Resolves once the server runs and has all these; false when the signal was aborted before. */
  pathsOnline(paths: string[], signal: AbortSignal): Promise<boolean>;
  feeds: Feeds;
  resolve(arg: Arg): string;
  /** Whether the path has a publisher that came after this moment (Unix milliseconds). */
  isOnline(path: string, since: number): boolean;
  redact(text: string): string;
  /** The source may not be what it was when it was planned. */
  doubt(source: string): void;
}

/** Failures in a row without ever being ready after which the plan itself is doubted. */
const DOUBT_AFTER = 3;

/** What is known of the process that runs now. */
interface Life {
  attempt: Attempt;
  slot: Slot;
  /** Monotonic, and the same moment in Unix time for comparison with the server's. */
  startedAt: number;
  startedWall: number;
  progress: Progress;
  /** When media was last seen to move; undefined before the first time. */
  movedAt: number | undefined;
  /** When all its paths were last seen online, or it started. */
  onlineAt: number;
  ready: boolean;
}

export class FfmpegBehaviour implements Behaviour {
  readonly kind = 'ffmpeg';
  readonly #spec: FfmpegUnit;
  readonly #host: FfmpegHost;
  readonly #endpoint;
  #life: Life | undefined;
  #neverReady = 0;

  constructor(spec: FfmpegUnit, host: FfmpegHost) {
    this.#spec = spec;
    this.#host = host;
    this.#endpoint = endpointOfInput(spec.args);
  }

  get id(): string {
    return this.#spec.id;
  }

  get routes(): string[] {
    return this.#spec.routes;
  }

  get figures(): Figures {
    return this.#life?.progress.figures ?? {};
  }

  async run(attempt: Attempt): Promise<Ending> {
    const { signal } = attempt;
    if (attempt.retry && this.#endpoint !== undefined) {
      const refused = await knock(this.#endpoint, signal);
      if (refused !== undefined) return refused;
    }
    if (!(await this.#host.pathsOnline(this.#spec.reads, signal))) return stopOf(signal).cause;
    const { feeds = [] } = this.#spec;
    if (!(await this.#host.feeds.whenListening(feeds, signal))) return stopOf(signal).cause;
    const slot = await this.#host.gate.acquire(signal, attempt.retry);
    if (slot === undefined) return stopOf(signal).cause;
    try {
      return await this.#live(attempt, slot);
    } finally {
      slot.release();
      this.#life = undefined;
    }
  }

  async #live(attempt: Attempt, slot: Slot): Promise<Ending> {
    const { signal } = attempt;
    const now = this.#host.now();
    const life: Life = {
      attempt,
      slot,
      startedAt: now,
      startedWall: Date.now(),
      progress: new Progress(),
      movedAt: undefined,
      onlineAt: now,
      ready: false,
    };
    const child = new Child(this.#host.ffmpeg, this.#argv(), {
      tether: this.#host.tether,
      onProgress: (chunk) => {
        if (life.progress.push(chunk)) life.movedAt = this.#host.now();
      },
    });
    this.#life = life;
    attempt.started(child.pid);
    const end = (): void => void child.end(ladders[stopOf(signal).how]);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    const exit = await child.exited;
    signal.removeEventListener('abort', end);

    if (exit.error !== undefined) return cause('spawn', `${this.#host.ffmpeg}: ${exit.error.message}`);
    if (exit.code === 0 && this.#spec.restart === 'once') return 'done';
    const stderr = child.stderr().map((line) => this.#host.redact(line));
    const why = causeOfExit(exit.code, exit.signal, stderr);
    if (!signal.aborted) this.#judge(life, why);
    return why;
  }

  tick(now: number): void {
    const life = this.#life;
    if (life === undefined) return;
    const { publishes, stall } = this.#spec;
    const online = publishes.every((path) => this.#host.isOnline(path, life.startedWall));
    if (online) life.onlineAt = now;
    if (!life.ready && online && (publishes.length > 0 || life.movedAt !== undefined)) {
      life.ready = true;
      // The server saw media: from here on silence is a stall, even before ffmpeg's first report.
      life.movedAt ??= now;
      this.#neverReady = 0;
      life.slot.release();
      life.attempt.ready();
    }

    if (life.movedAt === undefined) {
      const limit = this.#endpoint === undefined ? this.#host.timing.start : this.#host.timing.startNetwork;
      if (now - life.startedAt > limit) {
        this.#fail(life, cause('stalled', `no media within ${limit / 1000} s of its start`));
      }
    } else if (now - life.movedAt > stall * 1000) {
      this.#fail(life, cause('stalled', `no progress for ${stall} s`));
    } else if (now - life.onlineAt > stall * 1000 + this.#host.timing.offline) {
      const missing = publishes.find((path) => !this.#host.isOnline(path, life.startedWall));
      this.#fail(life, cause('server', `it runs, but the media server does not see ${missing}`));
    }
  }

  rearm(now: number): void {
    const life = this.#life;
    if (life === undefined) return;
    life.startedAt = now;
    life.onlineAt = now;
    if (life.movedAt !== undefined) life.movedAt = now;
  }

  #fail(life: Life, why: ExitCause): void {
    this.#judge(life, why);
    life.attempt.fail({ cause: why, how: 'short' });
  }

  #judge(life: Life, why: ExitCause): void {
    if (life.ready || why.class === 'refused' || why.class === 'network') return;
    if (++this.#neverReady % DOUBT_AFTER !== 0 || this.#spec.source === undefined) return;
    this.#host.doubt(this.#spec.source);
  }

  #argv(): string[] {
    return [
      ...['-hide_banner', '-nostdin', '-loglevel', 'level+warning'],
      ...['-progress', 'pipe:3', '-stats_period', '1'],
      ...this.#spec.args.map((arg) => this.#host.resolve(arg)),
    ];
  }
}
