/** What the loop counts and times, put together with what the stage says. */
import type { HookFigures } from './job.ts';
import { OffsetMeter, Samples } from './meter.ts';
import type { StageFigures } from './picture.ts';
import { TICKS } from './timeline.ts';

const MB = 1_000_000;

export class LoopFigures {
  in = 0;
  out = 0;
  dropped = 0;
  errors = 0;
  sound = 0;
  readonly decode = new Samples();
  readonly encode = new Samples();
  readonly latency = new Samples();
  readonly offset = new OffsetMeter();
  readonly #timed: ((phase: 'decode' | 'encode', ms: number) => void) | undefined;
  readonly #pictures = new Samples();
  #since: number | undefined;
  #from: number | undefined;
  #until = 0;

  /** @param timed gets each time as well */
  constructor(timed?: (phase: 'decode' | 'encode', ms: number) => void) {
    this.#timed = timed;
  }

  spent(phase: 'decode' | 'encode', ms: number, now: number): void {
    this[phase].add(ms, now);
    this.#timed?.(phase, ms);
  }

  pictureWritten(pts: number, now: number): void {
    this.out++;
    this.#since ??= now;
    this.#pictures.add(1, now);
    this.#wrote(pts);
    this.offset.written('picture', pts);
  }

  soundWritten(pts: number): void {
    this.sound++;
    this.#wrote(pts);
    this.offset.written('sound', pts);
  }

  #wrote(pts: number): void {
    this.#from ??= pts;
    this.#until = Math.max(this.#until, pts);
  }

  report(stage: StageFigures, now: number): HookFigures {
    const { state, answered, restarts, lastError, convert, hook, queueAge } = stage;
    return {
      state,
      in: this.in,
      out: this.out,
      dropped: this.dropped + stage.dropped,
      errors: this.errors + stage.errors,
      answered,
      restarts,
      ...(lastError === undefined ? {} : { lastError }),
      sound: this.sound,
      fps: this.#since === undefined ? 0 : this.#pictures.rate(now, this.#since),
      outTime: this.#from === undefined ? 0 : (this.#until - this.#from) / TICKS,
      phases: { decode: this.decode.percentiles(now), convert, hook, encode: this.encode.percentiles(now) },
      queueAge,
      latency: this.latency.percentiles(now),
      avOffset: this.offset.offset,
      rss: {
        worker: Math.round(process.memoryUsage.rss() / MB),
        hook: Math.round(stage.memory / MB),
      },
    };
  }
}
