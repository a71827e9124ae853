/** What a sink knows of the time before this recorder. */
import type { SegmentEntry } from './types.ts';

export interface Earlier {
  /**
   * Where what it has of a run ends (ticks of the leading track), in the order in which it was written. A run that isn't
   * there is new: names of files can't tell, because they go by the wall clock.
   */
  runs: ReadonlyMap<string, number>;
  /** The last segment, of sinks with a ledger. */
  last?: SegmentEntry | undefined;
  /** The wall clock was set back since. */
  setBack: boolean;
}

/** So many at least are known, and the last ones: a ring holds fewer, a server that begins anew all the time makes more. */
const MOST = 1000;

/** The runs of a ledger, whatever retention removed of them. */
export class Runs {
  readonly #runs = new Map<string, { seq: number; endDts: number }>();

  note({ run, seq, endDts }: Pick<SegmentEntry, 'run' | 'seq' | 'endDts'>): void {
    if (seq < (this.#runs.get(run)?.seq ?? seq)) return;
    this.#runs.set(run, { seq, endDts });
    if (this.#runs.size <= 2 * MOST) return;
    for (const [old] of this.#ordered().slice(0, -MOST)) this.#runs.delete(old);
  }

  ends(): Map<string, number> {
    return new Map(this.#ordered().map(([run, { endDts }]) => [run, endDts]));
  }

  /** Lines are read day by day, and days go by the wall clock. */
  #ordered(): [string, { seq: number; endDts: number }][] {
    return [...this.#runs].sort(([, a], [, b]) => a.seq - b.seq);
  }
}
