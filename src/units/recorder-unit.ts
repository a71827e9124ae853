/**
 * The recorder: one process for all routes. It is alive while it speaks: its figures come each second. It needs no
 * server, for it reads what the server wrote to the disk; a server that is away is told to it like a publisher's absence.
 */
import { reports } from '../children/control.ts';
import { entryOf } from '../children/entry.ts';
import { childEnv } from '../children/env.ts';
import type { ExitCause, Figures } from '../observe/state.ts';
import type { RecorderUnit } from '../plan/types.ts';
import type { RecorderCommand, RecorderJob, RecorderReport } from '../record/types.ts';
import { cause } from './cause.ts';
import { Child, type Ladder, ladders, type Tether } from './process.ts';
import { causeOfExit } from './stderr.ts';
import type { Timing } from './timing.ts';
import { type Attempt, type Behaviour, type Ending, stopOf } from './unit.ts';

export function recorderCommand(): readonly [string, ...string[]] {
  return [process.execPath, entryOf('record/main')];
}

export interface RecorderHost {
  ffmpeg: string;
  /** The recorder's program and its first arguments. */
  recorder: readonly [string, ...string[]];
  tether: Tether;
  timing: Timing;
  now(): number;
  /** Unix seconds: the gateway's start. */
  since: number;
  /** On the same clock as `now`: the end of the time in which all must stop. */
  stopsBy(): number;
  redact(text: string): string;
  /** What is known of server and publishers: told to each life of it first. */
  recorderStart(): RecorderCommand[];
  /** All that it says but its figures. */
  recorded(recorder: RecorderUnit, report: RecorderReport): void;
}

interface Life {
  attempt: Attempt;
  child: Child;
  /** Monotonic: when it last spoke. */
  heardAt: number;
  heard: boolean;
}

/**
 * Milliseconds in which it cuts what the server has closed by then, and waits for the disk. Of the time of a stop it gets
 * what the others left, and this for its own end.
 */
const LAST_CUTS = 6000;
const LAST_BREATH = 500;

export class RecorderBehaviour implements Behaviour {
  readonly kind = 'recorder';
  readonly #spec: RecorderUnit;
  readonly #host: RecorderHost;
  #life: Life | undefined;
  #figures: Figures = {};

  constructor(spec: RecorderUnit, host: RecorderHost) {
    this.#spec = spec;
    this.#host = host;
  }

  get id(): string {
    return this.#spec.id;
  }

  get routes(): string[] {
    return this.#spec.routes;
  }

  get figures(): Figures {
    return this.#figures;
  }

  /** Lost while it is away: it begins again from what is on the disk. */
  send(command: RecorderCommand): void {
    this.#life?.child.write(`${JSON.stringify(command)}\n`);
  }

  async run(attempt: Attempt): Promise<Ending> {
    const { signal } = attempt;
    if (signal.aborted) return stopOf(signal).cause;
    const [program, ...args] = this.#host.recorder;
    const child = new Child(program, args, {
      tether: this.#host.tether,
      input: true,
      // Each disk that hangs may hold a thread of the pool.
      env: { ...childEnv(), UV_THREADPOOL_SIZE: '16' },
      onStdout: reports<RecorderReport>((report) => this.#heard(report)),
    });
    this.#life = { attempt, child, heardAt: this.#host.now(), heard: false };
    attempt.started(child.pid);
    const { ffmpeg, since } = this.#host;
    const job: RecorderJob = { paths: this.#spec.paths, ffmpeg, since };
    child.write(`${JSON.stringify(job)}\n`);
    for (const command of this.#host.recorderStart()) this.send(command);
    const end = (): void => {
      const { how } = stopOf(signal);
      void child.end(how === 'gentle' ? this.#lastCuts() : ladders[how]);
    };
    signal.addEventListener('abort', end, { once: true });
    const exit = await child.exited;
    signal.removeEventListener('abort', end);
    this.#life = undefined;
    this.#figures = {};
    if (exit.error !== undefined) return cause('spawn', exit.error.message);
    return causeOfExit(
      exit.code,
      exit.signal,
      child.stderr().map((line) => this.#host.redact(line)),
    );
  }

  /** Its ffmpeg may be in the middle of a segment: the word is for it alone. */
  #lastCuts(): Ladder {
    const left = this.#host.stopsBy() - this.#host.now() - LAST_BREATH;
    return { signals: [['SIGTERM', Math.max(0, Math.min(LAST_CUTS, left))]], alone: true };
  }

  tick(now: number): void {
    const life = this.#life;
    if (life === undefined) return;
    const { recorderSilence, workerStart } = this.#host.timing;
    const limit = life.heard ? recorderSilence : workerStart;
    if (now - life.heardAt > limit) {
      this.#fail(life, cause('stalled', `the recorder has said nothing for ${limit / 1000} s`));
    }
  }

  rearm(now: number): void {
    if (this.#life !== undefined) this.#life.heardAt = now;
  }

  #heard(report: RecorderReport): void {
    const life = this.#life;
    if (life === undefined) return;
    life.heardAt = this.#host.now();
    if (!life.heard) {
      life.heard = true;
      life.attempt.ready();
    }
    if (report.type === 'figures') this.#figures = { recorder: report.figures };
    else this.#host.recorded(this.#spec, report);
  }

  #fail(life: Life, why: ExitCause): void {
    life.attempt.fail({ cause: why, how: 'short' });
  }
}
