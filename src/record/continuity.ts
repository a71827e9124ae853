/**
 * What is missing in one ledger: between two takes, and within one. What the ledger had when this recorder began is
 * told of there already, and the ring may hold it still: ledgers of one path may have come differently far.
 */
import type { Earlier } from './earlier.ts';
import type { FootageEvent, TakeEnd } from './footage.ts';
import {
  afterStep,
  beginningOf,
  type Causes,
  type Ending,
  endingOf,
  endingOfSegment,
  gapBetween,
  gapOfHole,
} from './gap.ts';
import type { GapEntry } from './types.ts';

export class Continuity {
  readonly #runs: Earlier['runs'];
  /** The run with which the ledger ends. */
  readonly #last: string | undefined;
  /** Where the footage ends that the ledger has or will have. */
  #ending: Ending | undefined;
  /** Runs that the ring holds and that came before the ledger's last one. */
  #before: ReadonlySet<string> = new Set();

  /** @param earlier undefined: nothing came before */
  constructor({ runs, last }: Partial<Earlier> = {}) {
    this.#runs = runs ?? new Map();
    this.#last = last?.run;
    this.#ending = last && endingOfSegment(last);
  }

  /** @param runs those of the ring, in their order, before its first event */
  resume(runs: readonly string[]): void {
    const at = this.#last === undefined ? -1 : runs.indexOf(this.#last);
    this.#before = new Set(runs.slice(0, Math.max(0, at)));
  }

  /** The wall clock was set. */
  step(by: number): void {
    this.#ending &&= afterStep(this.#ending, by);
  }

  /** What is missing before this event. Of all events, in their order. */
  gap(event: FootageEvent, causes: Causes): GapEntry | undefined {
    if (event.type === 'end') this.#end(event);
    else if (event.type === 'hole' && !this.#holds(event.take.run, event.to)) return gapOfHole(event, causes);
    else if (event.type === 'take' && this.#ending && !this.#holds(event.take.run, event.dts))
      return gapBetween(this.#ending, beginningOf(event), causes);
    return undefined;
  }

  /** Or it was told of the gap that is there. */
  #holds(run: string, dts: number): boolean {
    return this.#before.has(run) || dts < (this.#runs.get(run) ?? Number.NEGATIVE_INFINITY);
  }

  /** A take that ends where the ledger does says more of why; one that ended before says nothing. */
  #end(event: TakeEnd): void {
    if (!this.#holds(event.take.run, event.endDts + event.frame / 2)) this.#ending = endingOf(event);
  }
}
