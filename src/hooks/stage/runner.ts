/**
 * Keeps a hook running: starts it, starts it again with pauses that grow, asks one that only fails less often,
 * and changes over to a new one beside it. Whatever goes wrong is counted, and said once, not once a frame.
 */
import { restartDelay, STEADY_AFTER } from '../../children/backoff.ts';
import { messageOf } from '../../errors.ts';
import type { Adapter, AdapterHost, Answer, ShownFrame } from '../adapter.ts';
import type { WorkerReport } from '../job.ts';
import type { Decoded } from '../picture.ts';
import type { HookSpec } from '../spec.ts';
import { Breaker } from './breaker.ts';
import type { Clock } from './clock.ts';
import { Complaints } from './complaints.ts';
import { Life, type LifeSettings, type Outcome } from './life.ts';

const MEMORY_CHECK = 500;

export interface RunnerSettings {
  spec: HookSpec;
  adapter: (host: AdapterHost) => Adapter;
  clock: Clock;
  random: () => number;
  report: (report: WorkerReport) => void;
  spent: LifeSettings['spent'];
  /** A file has time: whatever happened before, a hook that is there is asked. */
  everyFrame: boolean;
  /** It is ready, or free again, or no longer there. */
  changed: () => void;
}

/** What becomes of a picture that was asked about. */
export interface Asked {
  /** Puts the answer to use; what it throws is a failure of the hook. */
  accept(picture: Decoded, shown: ShownFrame, answer: Answer): void;
  /** The picture comes back: with the answer, or because the hook failed. */
  done(picture: Decoded, answer: Answer | undefined): void;
}

export class Runner {
  errors = 0;
  answered = 0;
  restarts = 0;
  lastError: string | undefined;
  readonly #settings: RunnerSettings;
  readonly #complaints: Complaints;
  readonly #falls: Complaints;
  #life: Life;
  /** A new one on its way to take over. */
  #next: Life | undefined;
  readonly #retiring = new Set<Life>();
  #breaker = new Breaker();
  /** It hung: until it answers again, nothing waits for it. */
  #suspect = false;
  #everReady = false;
  /** To be said when it works again. */
  #wasDown = false;
  #failures = 0;
  #troubleSince: number | undefined;
  #steadySince: number | undefined;
  #offRestart = () => {};
  #offMemory = () => {};
  #stopped = false;

  constructor(settings: RunnerSettings) {
    this.#settings = settings;
    this.#complaints = new Complaints(settings.clock, (message) => this.#log('warn', message));
    this.#falls = new Complaints(settings.clock, (message) => this.#log('error', message));
    this.#life = this.#create();
    this.#watchMemory();
  }

  /** Starts the first one; apart from the constructor, because `changed` may be called from it. */
  start(): void {
    this.#life.start();
  }

  get state(): 'starting' | 'ready' | 'failing' {
    if (this.#life.ready && !this.#breaker.open) return 'ready';
    return this.#everReady || this.restarts > 0 || this.#failures > 0 ? 'failing' : 'starting';
  }

  /** Pictures may wait for its answer. */
  get trusted(): boolean {
    return this.#life.ready && !this.#breaker.open && !this.#suspect;
  }

  /** It may be asked about one more. */
  get free(): boolean {
    const life = this.#life;
    return life.ready && life.frames < life.inFlight && this.#breaker.allows(this.#settings.clock.now());
  }

  get inFlight(): number {
    return this.#life.inFlight;
  }

  get memory(): number {
    return this.#life.memory + (this.#next?.memory ?? 0);
  }

  /** Takes the picture over until it comes back by `done`. Only while `free`. */
  ask(picture: Decoded, asked: Asked): void {
    const { sequence } = picture;
    const life = this.#life;
    this.#breaker.asked(this.#settings.clock.now());
    life.ask(picture, (outcome) => {
      const failure = this.#accept(outcome, asked);
      if (failure === undefined) this.#succeeded(life);
      else this.#failed(life, sequence, failure, 'late' in outcome && outcome.late);
      asked.done(outcome.picture, failure === undefined && 'answer' in outcome ? outcome.answer : undefined);
      this.#settings.changed();
    });
  }

  #accept(outcome: Outcome, asked: Asked): string | undefined {
    if (!('answer' in outcome)) return outcome.error;
    const { picture, shown, answer } = outcome;
    try {
      asked.accept(picture, shown, answer);
    } catch (error) {
      return messageOf(error);
    }
    for (const event of answer.events ?? []) {
      const { sequence, timestamp } = shown;
      this.#settings.report({ type: 'event', name: event.name, data: event.data, sequence, timestamp });
    }
    if (answer.meta !== undefined) {
      const { sequence, timestamp } = shown;
      this.#settings.report({ type: 'meta', meta: answer.meta, sequence, timestamp });
    }
    return undefined;
  }

  #succeeded(life: Life): void {
    this.answered++;
    if (life !== this.#life || !life.ready) return;
    this.#suspect = false;
    this.#steadySince ??= this.#settings.clock.now();
    this.#breaker.answered();
    if (!this.#wasDown) return;
    this.#wasDown = false;
    this.#settle();
    this.#log('info', 'the hook answers again');
  }

  #failed(life: Life, sequence: number, reason: string, late: boolean): void {
    this.errors++;
    this.lastError = reason;
    if (!life.ready && late) return; // told when it ended
    this.#complaints.add(`the hook failed on frame ${sequence}: ${reason}`);
    if (life !== this.#life || this.#settings.everyFrame) return;
    if (late) this.#suspect = true;
    if (!this.#breaker.failed(this.#settings.clock.now())) return;
    this.#wasDown = true;
    this.#log('error', `the hook fails on every frame (${reason}): it is tried on one now and then`);
  }

  #create(): Life {
    const { spec, clock, adapter, report, spent } = this.#settings;
    return new Life(
      {
        create: adapter,
        clock,
        format: spec.format,
        size: spec.size,
        timeout: spec.timeout * 1000,
        killWhenLate: spec.runner.by !== 'http',
        spent,
      },
      {
        log: (level, message) => this.#log(level, message),
        event: (name, data) => report({ type: 'event', name, data }),
        ready: (life) => this.#ready(life),
        ended: (life, reason, frames) => this.#ended(life, reason, frames),
      },
    );
  }

  #ready(life: Life): void {
    if (life === this.#next) {
      this.#next = undefined;
      this.#retire(this.#life);
      this.#life = life;
      this.#offRestart();
      this.#fresh();
      this.#settle();
      this.#log('info', 'the hook was changed over to its new version');
    }
    this.#everReady = true;
    this.#steadySince = undefined;
    this.#settings.changed();
  }

  /** The log ends with how things are. */
  #settle(): void {
    this.#falls.settle();
    this.#complaints.settle();
  }

  /** What is known of the trouble with the one before says nothing of a new version. */
  #fresh(): void {
    this.#breaker = new Breaker();
    this.#failures = 0;
    this.#troubleSince = undefined;
  }

  #ended(life: Life, reason: string, frames: number): void {
    // Its frames are counted one by one as they come back.
    if (frames === 0) this.errors++;
    this.lastError = reason;
    if (life === this.#next) {
      this.#next = undefined;
      this.#log('error', `the new version of the hook does not start, the one before goes on: ${reason}`);
    } else if (life === this.#life) this.#restart(reason, frames > 0);
  }

  #restart(reason: string, hung: boolean): void {
    const { clock, random } = this.#settings;
    const now = clock.now();
    if (this.#steadySince !== undefined && now - this.#steadySince >= STEADY_AFTER * 1000) this.#fresh();
    this.#troubleSince ??= now;
    const delay = restartDelay(this.#failures++, (now - this.#troubleSince) / 1000, random());
    this.#breaker = new Breaker();
    this.#suspect ||= hung && !this.#settings.everyFrame;
    this.#wasDown = true;
    const when = delay === 0 ? 'at once' : `in ${(delay / 1000).toFixed(1)} s`;
    this.#falls.add(`the hook is down: ${reason}; it is started again ${when}`);
    const { gone } = this.#life;
    let called = false;
    const off = clock.after(delay, () => {
      // Two at once may want the same device or port.
      void gone.then(() => {
        if (called) return;
        this.restarts++;
        this.#begin();
      });
    });
    this.#offRestart = () => {
      called = true;
      off();
    };
    this.#settings.changed();
  }

  #begin(): void {
    this.#life = this.#create();
    this.#life.start();
  }

  reload(): void {
    if (this.#stopped) return;
    if (this.#next) this.#retire(this.#next);
    this.#next = undefined;
    if (this.#life.ready) {
      this.#next = this.#create();
      this.#next.start();
      return;
    }
    this.#offRestart();
    this.#retire(this.#life);
    this.#fresh();
    this.#begin();
  }

  #retire(life: Life): void {
    this.#retiring.add(life);
    void life.retire().then(() => this.#retiring.delete(life));
  }

  #watchMemory(): void {
    this.#offMemory = this.#settings.clock.after(MEMORY_CHECK, () => {
      this.#watchMemory();
      for (const life of [this.#life, this.#next]) {
        const held = life?.memory ?? 0;
        if (held <= this.#settings.spec.memory) continue;
        life?.end(
          `it held ${megabytes(held)} MB of memory, ${megabytes(this.#settings.spec.memory)} MB are allowed`,
        );
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#offRestart();
    this.#offMemory();
    const next = this.#next;
    this.#next = undefined;
    await Promise.all([this.#life, next, ...this.#retiring].map((life) => life?.stop()));
    this.#complaints.close();
    this.#falls.close();
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void {
    this.#settings.report({ type: 'log', level, message });
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
