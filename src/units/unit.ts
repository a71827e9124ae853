/**
 * One supervised thing: the same life cycle, restarts and account of them for a server, an ffmpeg
 * or a probe. What differs between them is a `Behaviour`, whose `run` is one life from start to end.
 */

import { HEALTHY_AFTER, restartDelay, STEADY_AFTER } from '../children/backoff.ts';
import { messageOf } from '../errors.ts';
import type { ExitCause, Figures, UnitState, UnitStatus } from '../observe/state.ts';
import { cause } from './cause.ts';
import { LifeCycle } from './life-cycle.ts';

/** How one attempt ended: with a cause, or `done` when there is nothing more to do. */
export type Ending = ExitCause | 'done';

/** Why an attempt is being stopped: the abort reason of its signal. */
export interface Stop {
  cause: ExitCause;
  /** `gentle`: it works, let it close its outputs · `short`: it hangs · `atOnce`: nothing is left to save. */
  how: 'gentle' | 'short' | 'atOnce';
}

/** One life of a unit, as seen by its behaviour. */
export interface Attempt {
  /** The attempt before this one failed. */
  readonly retry: boolean;
  /** Aborted when the life must end; see stopOf. */
  readonly signal: AbortSignal;
  started(pid: number | undefined): void;
  ready(): void;
  /** Ends this life because something is wrong with it. */
  fail(stop: Stop): void;
}

export interface Behaviour {
  readonly id: string;
  readonly kind: UnitStatus['kind'];
  readonly routes: string[];
  readonly figures: Figures;
  run(attempt: Attempt): Promise<Ending>;
  /** Called four times a second while it lives: checks of health go here. */
  tick?(now: number): void;
  /** The gateway itself was suspended: what was not seen in that time is nobody's fault. */
  rearm?(now: number): void;
}

export interface UnitHost {
  /** Monotonic milliseconds. */
  now(): number;
  random(): number;
  changed(unit: Unit, state: UnitState, cause?: ExitCause): void;
}

export function stopOf(signal: AbortSignal): Stop {
  return signal.reason as Stop;
}

export class Unit {
  readonly behaviour: Behaviour;
  readonly #host: UnitHost;
  readonly #life = new LifeCycle();
  #control: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryAt = 0;
  #pid: number | undefined;
  #restarts = 0;
  #lastExit: ExitCause | undefined;
  /** Failures in a row, the time of the first, and when this life became ready. */
  #failures = 0;
  #troubleSince: number | undefined;
  #readyAt: number | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(behaviour: Behaviour, host: UnitHost) {
    this.behaviour = behaviour;
    this.#host = host;
  }

  get id(): string {
    return this.behaviour.id;
  }

  get state(): UnitState {
    return this.#life.state;
  }

  get wanted(): boolean {
    return this.#life.wanted;
  }

  start(): void {
    this.#life.wanted = true;
    // While stopping, #ended starts it again.
    if (this.state === 'idle' || this.state === 'finished') this.#begin(false);
  }

  /** Resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.#life.wanted = false;
    if (this.state === 'idle') return Promise.resolve();
    if (this.state === 'waiting' || this.state === 'finished') {
      clearTimeout(this.#timer);
      this.#move('idle');
      return Promise.resolve();
    }
    const gone = new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    this.fail({ cause: cause('asked', 'stopped'), how: 'gentle' });
    return gone;
  }

  /** Ends the present life; a new one begins if the unit is wanted. No-op while there is none. */
  fail(stop: Stop): void {
    if (this.state !== 'starting' && this.state !== 'running') return;
    this.#move('stopping', stop.cause);
    this.#control?.abort(stop);
  }

  /** A pause that waits for something else to come back is over. */
  hurry(): void {
    if (this.state !== 'waiting') return;
    clearTimeout(this.#timer);
    this.#begin(true);
  }

  tick(now: number): void {
    if (this.state === 'starting' || this.state === 'running') this.behaviour.tick?.(now);
  }

  rearm(now: number): void {
    this.behaviour.rearm?.(now);
  }

  status(): UnitStatus {
    const { id, kind, routes, figures } = this.behaviour;
    return {
      id,
      kind,
      routes,
      state: this.state,
      since: this.#life.since,
      restarts: this.#restarts,
      figures: this.#pid === undefined ? {} : { ...figures },
      ...(this.#pid === undefined ? {} : { pid: this.#pid }),
      ...(this.#lastExit === undefined ? {} : { lastExit: this.#lastExit }),
      ...(this.state === 'waiting'
        ? { retryIn: Math.max(0, Math.round(this.#retryAt - this.#host.now())) }
        : {}),
    };
  }

  #begin(retry: boolean): void {
    const control = new AbortController();
    this.#control = control;
    this.#readyAt = undefined;
    this.#move('starting');
    const attempt: Attempt = {
      retry,
      signal: control.signal,
      started: (pid) => {
        this.#pid = pid;
      },
      ready: () => {
        if (control !== this.#control || this.state !== 'starting') return;
        this.#readyAt = this.#host.now();
        this.#move('running');
      },
      fail: (stop) => {
        if (control === this.#control) this.fail(stop);
      },
    };
    this.behaviour.run(attempt).then(
      (ending) => this.#ended(ending, control.signal),
      (error: unknown) => this.#ended(cause('spawn', messageOf(error)), control.signal),
    );
  }

  #ended(ending: Ending, signal: AbortSignal): void {
    this.#pid = undefined;
    this.#control = undefined;
    if (!this.wanted) {
      this.#move('idle');
      for (const resolve of this.#whenIdle.splice(0)) resolve();
      return;
    }
    if (ending === 'done' && !signal.aborted) {
      this.#move('finished');
      return;
    }

    const stopped = signal.aborted ? stopOf(signal).cause : undefined;
    const seen = ending === 'done' ? {} : { code: ending.code, signal: ending.signal, stderr: ending.stderr };
    const why = stopped === undefined ? (ending as ExitCause) : { ...stopped, ...seen };
    // Stopped and wanted again in the meantime: not a failure.
    const again = why.class === 'asked';
    if (!again) {
      this.#restarts++;
      this.#lastExit = why;
    }
    const delay = again || isLossOfAnother(why) ? 0 : this.#account();
    this.#retryAt = this.#host.now() + delay;
    this.#move('waiting', why);
    for (const resolve of this.#whenIdle.splice(0)) resolve();
    if (delay === 0) this.#begin(!again);
    else this.#timer = setTimeout(() => this.#begin(true), delay);
  }

  #account(): number {
    const now = this.#host.now();
    const healthy = this.#readyAt === undefined ? 0 : (now - this.#readyAt) / 1000;
    if (healthy >= STEADY_AFTER) this.#failures = 0;
    if (healthy >= HEALTHY_AFTER) this.#troubleSince = undefined;
    this.#troubleSince ??= now;
    return restartDelay(this.#failures++, (now - this.#troubleSince) / 1000, this.#host.random());
  }

  #move(to: UnitState, why?: ExitCause): void {
    this.#life.move(to);
    this.#host.changed(this, to, why);
  }
}

/** The stop that the supervisor gives to units whose server died: not theirs to answer for. */
export function serverLost(): Stop {
  return { cause: cause('server', SERVER_LOST), how: 'atOnce' };
}

/** The same for a feed whose worker ended. */
export function workerLost(): Stop {
  return { cause: cause('server', WORKER_LOST), how: 'atOnce' };
}

const SERVER_LOST = 'the media server went away';
const WORKER_LOST = 'its worker went away';

/** Ended because of another unit, whose failure says it all. */
export function isLossOfAnother(why: ExitCause): boolean {
  return why.class === 'server' && (why.reason === SERVER_LOST || why.reason === WORKER_LOST);
}
