/**
 * A hook's worker: ready when its paths are online, alive while it speaks, and while what comes in leads
 * to something that goes out. That nothing comes in is its feed's affair, and no reason to restart it.
 */
import { join } from 'node:path';
import { reports } from '../children/control.ts';
import { entryOf } from '../children/entry.ts';
import { workerEnv } from '../children/env.ts';
import { killMarked, WORKER_MARK } from '../children/leftovers.ts';
import type { WorkerCommand, WorkerJob, WorkerReport } from '../hooks/job.ts';
import type { ExitCause, Figures } from '../observe/state.ts';
import type { Arg, WorkerUnit } from '../plan/types.ts';
import { cause } from './cause.ts';
import type { Feeds } from './feeds.ts';
import { Child, ladders, type Tether } from './process.ts';
import type { Slot, StartGate } from './start-gate.ts';
import { causeOfExit } from './stderr.ts';
import type { Timing } from './timing.ts';
import { type Attempt, type Behaviour, type Ending, stopOf } from './unit.ts';
import { createWorkerDir, removeWorkerDir } from './worker-dir.ts';

export interface WorkerHost {
  /** The worker's program and its first arguments. */
  worker: readonly [string, ...string[]];
  tether: Tether;
  gate: StartGate;
  feeds: Feeds;
  timing: Timing;
  now(): number;
  /** Resolves once the server runs; false when the signal was aborted before. */
  pathsOnline(paths: string[], signal: AbortSignal): Promise<boolean>;
  resolve(arg: Arg): string;
  isOnline(path: string, since: number): boolean;
  redact(text: string): string;
  /** What the hook and its worker say. */
  report(worker: WorkerUnit, report: WorkerReport): void;
}

interface Life {
  attempt: Attempt;
  slot: Slot;
  child: Child;
  startedWall: number;
  /** Monotonic: when it last spoke, when something last went out or nothing was owed, when its paths were online. */
  heardAt: number;
  heard: boolean;
  servedAt: number;
  onlineAt: number;
  /** What had come in and gone out when `servedAt` was set; `owed`: more has come in since. */
  in: number;
  out: number;
  owed: boolean;
  ready: boolean;
}

/**
 * A worker's heap is small and its frames are large. V8 counts them against the room that the heap has before the next
 * collection: with little room that was one each 0.3 s and 6 % of a core. With this V8 would collect next to nothing, and
 * what waits for it would look like a leak: the worker collects by itself now and then. What is young is little.
 */
export function workerCommand(): readonly [string, ...string[]] {
  return [
    process.execPath,
    '--initial-old-space-size=256',
    '--max-semi-space-size=2',
    '--expose-gc',
    entryOf('hooks/worker'),
  ];
}

const formats = { srt: 'mpegts', rtmp: 'flv', rtsp: 'rtsp' } as const;

export class WorkerBehaviour implements Behaviour {
  readonly kind = 'worker';
  readonly #spec: WorkerUnit;
  readonly #host: WorkerHost;
  #life: Life | undefined;
  #figures: Figures = {};

  constructor(spec: WorkerUnit, host: WorkerHost) {
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

  /** The hook's file was saved. */
  reload(): void {
    this.#send({ type: 'reload' });
  }

  async run(attempt: Attempt): Promise<Ending> {
    const { signal } = attempt;
    if (!(await this.#host.pathsOnline([], signal))) return stopOf(signal).cause;
    const slot = await this.#host.gate.acquire(signal, attempt.retry);
    if (slot === undefined) return stopOf(signal).cause;
    const dir = createWorkerDir();
    try {
      return await this.#live(attempt, slot, dir);
    } finally {
      slot.release();
      this.#life = undefined;
      this.#figures = {};
      this.#host.feeds.close(this.id);
      // A worker that was killed could not see to the forks of its hook.
      await killMarked(`${WORKER_MARK}=${dir}`);
      removeWorkerDir(dir);
    }
  }

  async #live(attempt: Attempt, slot: Slot, dir: string): Promise<Ending> {
    const { signal } = attempt;
    const job = this.#job(dir);
    this.#host.feeds.open(this.id, job.feed);
    const now = this.#host.now();
    const [program, ...args] = this.#host.worker;
    const child = new Child(program, args, {
      tether: this.#host.tether,
      env: workerEnv(),
      input: true,
      onStdout: reports<WorkerReport>((report) => this.#heard(report)),
    });
    const life: Life = {
      attempt,
      slot,
      child,
      startedWall: Date.now(),
      heardAt: now,
      heard: false,
      servedAt: now,
      onlineAt: now,
      in: 0,
      out: 0,
      owed: false,
      ready: false,
    };
    this.#life = life;
    attempt.started(child.pid);
    child.write(`${JSON.stringify(job)}\n`);
    const end = (): void => {
      // Whoever feeds it is to wait for the next one.
      this.#host.feeds.close(this.id);
      void child.end(ladders[stopOf(signal).how]);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    const exit = await child.exited;
    signal.removeEventListener('abort', end);
    if (exit.error !== undefined) return cause('spawn', exit.error.message);
    const stderr = child.stderr().map((line) => this.#host.redact(line));
    return causeOfExit(exit.code, exit.signal, stderr);
  }

  tick(now: number): void {
    const life = this.#life;
    if (life === undefined) return;
    const { publishes, stall } = this.#spec;
    const online = publishes.every((path) => this.#host.isOnline(path, life.startedWall));
    if (online) life.onlineAt = now;
    if (!life.ready && online) {
      life.ready = true;
      life.slot.release();
      life.attempt.ready();
    }
    const patience = stall * 1000;
    if (now - life.heardAt > (life.heard ? patience : this.#host.timing.workerStart)) {
      this.#fail(life, cause('stalled', `the worker has said nothing for ${stall} s`));
    } else if (life.owed && now - life.servedAt > patience + this.#spec.hook.timeout * 1000) {
      this.#fail(life, cause('stalled', `pictures come in, but nothing went out for ${stall} s`));
    } else if (now - life.onlineAt > patience + this.#host.timing.offline) {
      const missing = publishes.find((path) => !this.#host.isOnline(path, life.startedWall));
      this.#fail(life, cause('server', `it runs, but the media server does not see ${missing}`));
    }
  }

  rearm(now: number): void {
    const life = this.#life;
    if (life === undefined) return;
    life.heardAt = now;
    life.servedAt = now;
    life.onlineAt = now;
  }

  #heard(report: WorkerReport): void {
    const life = this.#life;
    if (life === undefined) return;
    life.heardAt = this.#host.now();
    life.heard = true;
    if (report.type === 'listening') {
      this.#host.feeds.listening(this.id);
    } else if (report.type === 'figures') {
      this.#read(life, report.figures);
    } else {
      this.#host.report(this.#spec, report);
    }
  }

  #read(life: Life, figures: Extract<WorkerReport, { type: 'figures' }>['figures']): void {
    const { fps, out, outTime, sound } = figures;
    const moved = out + sound !== life.out;
    // While nothing comes in, nothing goes out that the server could see.
    if (figures.in === life.in && !moved) life.onlineAt = life.heardAt;
    // A hook that may silence the route is allowed to.
    const excused = this.#spec.hook.onError !== 'pass' && figures.state !== 'ready';
    life.owed = !moved && !excused && figures.in !== life.in;
    if (!life.owed) {
      life.servedAt = life.heardAt;
      life.in = figures.in;
      life.out = out + sound;
    }
    if (excused) life.onlineAt = life.heardAt;
    this.#figures = { fps, frames: out, outTime, hook: figures };
  }

  #send(command: WorkerCommand): void {
    this.#life?.child.write(`${JSON.stringify(command)}\n`);
  }

  #fail(life: Life, why: ExitCause): void {
    life.attempt.fail({ cause: why, how: 'short' });
  }

  #job(dir: string): WorkerJob {
    const { hook, outputs, routes, video } = this.#spec;
    const { mode: _mode, ...settings } = video;
    return {
      version: 1,
      route: routes[0]!,
      feed: `unix:${join(dir, 'feed.sock')}`,
      outputs: outputs.map(({ publish, by, select }) => ({
        url: this.#host.resolve({ publish, by }),
        format: formats[by],
        ...(select && { select }),
      })),
      video: settings,
      hook,
      dir,
      prefix: [...this.#host.tether.prefix],
    };
  }
}
