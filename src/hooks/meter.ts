/** Figures of the last ten seconds, and the distance of sound and picture as they were read and as they were written. */
import type { Percentiles } from './job.ts';
import type { TrackKind } from './timeline.ts';

const WINDOW = 10_000;
/** Ten seconds at 100 a second. */
const CAPACITY = 1024;

/** The values of the last ten seconds, in a ring of fixed size. */
export class Samples {
  readonly #values = new Float64Array(CAPACITY);
  readonly #times = new Float64Array(CAPACITY).fill(Number.NEGATIVE_INFINITY);
  #next = 0;

  add(value: number, now: number): void {
    this.#values[this.#next] = value;
    this.#times[this.#next] = now;
    this.#next = (this.#next + 1) % CAPACITY;
  }

  #recent(now: number): Float64Array {
    return this.#values.filter((_, index) => now - (this.#times[index] ?? 0) <= WINDOW);
  }

  percentiles(now: number): Percentiles {
    const sorted = this.#recent(now).sort();
    return { p50: round(percentile(sorted, 0.5)), p99: round(percentile(sorted, 0.99)) };
  }

  /** Values a second; those of the first seconds count for the time since `start`. */
  rate(now: number, start: number): number {
    const span = Math.min(WINDOW, Math.max(1, now - start));
    return round((this.#recent(now).length * 1000) / span);
  }
}

/** @param sorted ascending; 0 where there is none */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Kept for packets on their way through: more than any stage may hold. */
const MAX_UNDER_WAY = 512;

/** How much later sound lies to picture than it came in, judged by the packets themselves. */
export class OffsetMeter {
  readonly #read: Record<TrackKind, Map<number, number>> = { picture: new Map(), sound: new Map() };
  readonly #moved: Partial<Record<TrackKind, number>> = {};

  /** A packet came with the time `raw` and is to leave with `out`. */
  read(kind: TrackKind, raw: number, out: number): void {
    const times = this.#read[kind];
    times.set(out, raw);
    for (const oldest of times.keys()) {
      if (times.size <= MAX_UNDER_WAY) break;
      times.delete(oldest);
    }
  }

  /** @param pts of the packet that is being written */
  written(kind: TrackKind, pts: number): void {
    const raw = this.#read[kind].get(pts);
    if (raw === undefined) return;
    this.#read[kind].delete(pts);
    this.#moved[kind] = pts - raw;
  }

  /** Milliseconds. */
  get offset(): number {
    const { picture, sound } = this.#moved;
    return picture === undefined || sound === undefined ? 0 : round((sound - picture) / 90);
  }
}
