/**
 * The one life cycle of every unit.
 *
 *   idle ── start ──► starting ── ready ──► running
 *    ▲                 ▲  │                   │
 *    │           retry │  │ ended by itself   │
 *    ├───── stop ──── waiting ◄───────────────┤
 *    │                 ▲                      │
 *    │            gone │    fail or stop      │
 *    └───── gone ──── stopping ◄──────────────┤  (from starting too)
 *    ▲                                        │
 *    └───── stop ──── finished ◄──── done ────┘  (from starting too; start: it starts anew)
 *
 * `stopping` is a process that is being ended, because nobody wants it any more or because it
 * failed while it still ran; which of the two is known by `wanted`, not by the state.
 */
import { RelayError } from '../errors.ts';
import type { UnitState } from '../observe/state.ts';

const moves: Record<UnitState, readonly UnitState[]> = {
  idle: ['starting'],
  starting: ['running', 'waiting', 'stopping', 'finished'],
  running: ['waiting', 'stopping', 'finished'],
  waiting: ['starting', 'idle'],
  stopping: ['idle', 'waiting'],
  finished: ['starting', 'idle'],
};

export class LifeCycle {
  /** What we want, apart from what is. */
  wanted = false;
  #state: UnitState = 'idle';
  #since = Date.now();

  get state(): UnitState {
    return this.#state;
  }

  /** Unix milliseconds of the last move. */
  get since(): number {
    return this.#since;
  }

  move(to: UnitState): void {
    if (!moves[this.#state].includes(to)) {
      throw new RelayError('RELAY_STATE', `a unit can't move from ${this.#state} to ${to}`);
    }
    this.#state = to;
    this.#since = Date.now();
  }
}
