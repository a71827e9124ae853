/** Pictures that count their handles, hooks that do as they are told, and a clock that is turned by hand. */
import type { Adapter, AdapterHost, Answer, ShownFrame, Wishes } from '../../../src/hooks/adapter.ts';
import type { Overlay, PixelFormat, Size } from '../../../src/hooks/contract.ts';
import type { WorkerReport } from '../../../src/hooks/job.ts';
import type { Decoded, Stage } from '../../../src/hooks/picture.ts';
import type { HookSpec } from '../../../src/hooks/spec.ts';
import type { Clock } from '../../../src/hooks/stage/clock.ts';
import { createStage } from '../../../src/hooks/stage/stage.ts';
import { hookSpec } from '../../support/hook-spec.ts';

export class FakeClock implements Clock {
  #now = 1000;
  #timers: { at: number; callback: () => void }[] = [];

  now = () => this.#now;

  after = (ms: number, callback: () => void) => {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  get timers(): number {
    return this.#timers.length;
  }

  /** Lets time go by, timer after timer, and after each all that was waiting for it. */
  async turn(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settled();
    }
    this.#now = end;
  }
}

/** All microtasks have run. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Handles on pictures: made and not freed yet; freeing one twice, or using it after, throws. */
export class Ledger {
  open = 0;
  made = 0;
}

export class FakePicture implements Decoded {
  readonly width = 64;
  readonly height = 36;
  readonly keyFrame: boolean;
  readonly sequence: number;
  readonly pts: bigint;
  readonly wallClock: number;
  readonly decodedAt: number;
  /** Sequence of the picture whose pixels these are, and what was done to them. */
  readonly pixels: number;
  marks: string[];
  freed = false;
  readonly #ledger: Ledger;

  constructor(
    ledger: Ledger,
    of: Pick<Decoded, 'sequence' | 'pts' | 'decodedAt' | 'keyFrame'>,
    pixels?: FakePicture,
  ) {
    this.#ledger = ledger;
    this.sequence = of.sequence;
    this.pts = of.pts;
    this.decodedAt = of.decodedAt;
    this.wallClock = of.decodedAt;
    this.keyFrame = of.keyFrame;
    this.pixels = pixels?.pixels ?? of.sequence;
    this.marks = [...(pixels?.marks ?? [])];
    ledger.open++;
    ledger.made++;
  }

  #alive(): void {
    if (this.freed) throw new Error(`picture ${this.sequence} was freed`);
  }

  show(format: PixelFormat, size: Size | undefined): ShownFrame {
    this.#alive();
    return {
      sequence: this.sequence,
      pts: this.pts,
      timeBase: { num: 1, den: 90_000 },
      timestamp: Number(this.pts) / 0.09,
      wallClock: this.wallClock,
      keyFrame: this.keyFrame,
      format,
      width: size?.width ?? this.width,
      height: size?.height ?? this.height,
      planes: [],
    };
  }

  replace(picture: { width: number }): void {
    this.#alive();
    if (picture.width === 0) throw new Error('a picture of no size');
    this.marks.push('replaced');
  }

  draw(overlay: Overlay, shown: Size): void {
    this.#alive();
    this.marks.push(`${overlay.labels?.[0]?.text}@${shown.width}`);
  }

  keep(): FakePicture {
    this.#alive();
    return new FakePicture(this.#ledger, this, this);
  }

  at(other: Decoded): FakePicture {
    this.#alive();
    return new FakePicture(this.#ledger, other, this);
  }

  free(): void {
    this.#alive();
    this.freed = true;
    this.#ledger.open--;
  }
}

export interface Asked {
  frame: ShownFrame;
  signal: AbortSignal;
  age: number;
  resolve: (answer?: Answer) => void;
  reject: (message: string) => void;
}

/** How the adapters of a test behave; `process` absent: the test answers itself through `asked`. */
export interface Behaviour {
  start?: (adapter: FakeAdapter) => Promise<Partial<Wishes>>;
  process?: (frame: ShownFrame, adapter: FakeAdapter) => Promise<Answer>;
  kill?: () => Promise<void>;
  memory?: () => number;
}

export class FakeAdapter implements Adapter {
  asked: Asked[] = [];
  ended: 'killed' | 'stopped' | undefined;
  readonly number: number;
  readonly host: AdapterHost;
  readonly #behaviour: Behaviour;
  readonly #clock: Clock;

  constructor(number: number, host: AdapterHost, behaviour: Behaviour, clock: Clock) {
    this.number = number;
    this.host = host;
    this.#behaviour = behaviour;
    this.#clock = clock;
  }

  async start(): Promise<Wishes> {
    return { inFlight: 1, ...(await this.#behaviour.start?.(this)) };
  }

  process(frame: ShownFrame, signal: AbortSignal): Promise<Answer> {
    if (this.ended) throw new Error('asked after its end');
    const { promise, resolve, reject } = defer<Answer>();
    const taken = this.#clock.now();
    this.asked.push({
      frame,
      signal,
      age: taken - frame.wallClock,
      resolve: (answer = {}) => resolve(answer),
      reject: (message) => reject(new Error(message)),
    });
    this.#behaviour.process?.(frame, this).then(resolve, reject);
    return promise;
  }

  async kill(): Promise<void> {
    this.ended = 'killed';
    await this.#behaviour.kill?.();
  }

  async stop(): Promise<void> {
    this.ended = 'stopped';
  }

  memory(): number {
    return this.#behaviour.memory?.() ?? 0;
  }
}

function defer<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const spec = hookSpec({ runner: { by: 'command', argv: ['hook'], dir: '/' }, timeout: 2 });

/** A stage with all around it that a test looks at. */
export function rig(changes: Partial<HookSpec> = {}, behaviour: Behaviour = {}, everyFrame = false) {
  const clock = new FakeClock();
  const ledger = new Ledger();
  const adapters: FakeAdapter[] = [];
  const emitted: FakePicture[] = [];
  const reports: WorkerReport[] = [];
  let sequence = 0;
  const stage: Stage = createStage({
    spec: { ...spec, ...changes },
    adapter: (host) => {
      const adapter = new FakeAdapter(adapters.length, host, behaviour, clock);
      adapters.push(adapter);
      return adapter;
    },
    emit: (picture) => {
      emitted.push(picture as FakePicture);
      picture.free();
    },
    report: (report) => reports.push(report),
    now: clock.now,
    after: clock.after,
    random: () => 0.5,
    everyFrame,
  });
  const push = () => {
    const picture = new FakePicture(ledger, {
      sequence,
      pts: BigInt(Math.round((clock.now() - 1000) * 90)),
      decodedAt: clock.now(),
      keyFrame: sequence % 25 === 0,
    });
    sequence++;
    stage.push(picture);
    return picture;
  };
  return {
    clock,
    ledger,
    adapters,
    emitted,
    reports,
    stage,
    push,
    get pushed() {
      return sequence;
    },
    get adapter() {
      return adapters.at(-1)!;
    },
    /** The frame that the hook was last asked about. */
    get asked() {
      return this.adapter.asked.at(-1)!;
    },
    out: () => emitted.map((picture) => picture.sequence),
    logs: () => reports.flatMap((report) => (report.type === 'log' ? [report.message] : [])),
    /** Pictures at 25 a second, for a time. */
    async play(ms: number) {
      for (let gone = 0; gone < ms; gone += 40) {
        push();
        await clock.turn(40);
      }
    },
    /** Ends the stage; afterwards nothing may be left of it. */
    async end() {
      const stopped = stage.stop();
      await clock.turn(20_000);
      await stopped;
      return { open: ledger.open, timers: clock.timers, alive: adapters.filter((a) => !a.ended).length };
    },
  };
}

export const nothingLeft = { open: 0, timers: 0, alive: 0 };
