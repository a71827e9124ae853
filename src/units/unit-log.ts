/** What the log says of units: each failure once, not every time that it repeats. */
import type { Log } from '../observe/log.ts';
import type { ExitCause, UnitState } from '../observe/state.ts';
import { isLossOfAnother } from './unit.ts';

/** A failure that goes on repeating is told again after so many times. */
const REMIND_EVERY = 50;

export class UnitLog {
  readonly #log: Log;
  readonly #last = new Map<string, { reason: string; times: number }>();

  constructor(log: Log) {
    this.#log = log;
  }

  changed(unit: string, state: UnitState, why: ExitCause | undefined): void {
    if (state === 'running') this.#last.delete(unit);
    // Told when it has ended: then its last lines are there.
    // The server's own failure says it for all who hang on it.
    if (why === undefined || state !== 'waiting' || why.class === 'asked' || isLossOfAnother(why)) {
      this.#log.debug({ unit }, state);
      return;
    }
    const last = this.#last.get(unit);
    const times = last?.reason === why.reason ? last.times + 1 : 0;
    this.#last.set(unit, { reason: why.reason, times });
    const entry = { unit, class: why.class, ...(why.stderr.length > 0 && { stderr: why.stderr }) };
    if (times % REMIND_EVERY === 0) this.#log.warn(entry, why.reason);
    else this.#log.debug(entry, why.reason);
  }
}
