/** The pictures that the stage holds in mode inline, oldest first: which leave, which wait, which are dropped. Pure. */
import type { HookSpec } from '../spec.ts';

/**
 * `waiting` for the hook · `asked` · `good`: answered · `bad`: failed on or not asked because it is not there ·
 * `plain`: not for the hook · `gone`: the hook said to drop it.
 */
export type SlotState = 'waiting' | 'asked' | 'good' | 'bad' | 'plain' | 'gone';

export interface Slot<T> {
  picture: T;
  state: SlotState;
}

/** Pictures held besides those that the hook has: waiting for it, or with `pick` for their turn. */
const BESIDE_ALL = 2;
const BESIDE_SOME = 4;

export class Queue<T> {
  readonly #when: HookSpec['whenBehind'];
  readonly #beside: number;
  #slots: Slot<T>[] = [];

  constructor(when: HookSpec['whenBehind'], all: boolean) {
    this.#when = when;
    this.#beside = all ? BESIDE_ALL : BESIDE_SOME;
  }

  get length(): number {
    return this.#slots.length;
  }

  get waiting(): Slot<T>[] {
    return this.#slots.filter((slot) => slot.state === 'waiting');
  }

  get asked(): number {
    return this.#slots.filter((slot) => slot.state === 'asked').length;
  }

  /** Whether one more would make it drop, or with `block` is more than it should hold. */
  crowded(inFlight: number): boolean {
    return this.#slots.length >= inFlight + (this.#when === 'block' ? 1 : this.#beside);
  }

  /** Adds one; returns the picture that is dropped for it, if any. */
  add(slot: Slot<T>, inFlight: number): T | undefined {
    let victim: Slot<T> | undefined;
    if (this.#when !== 'block' && this.crowded(inFlight)) {
      // Those that were answered, or are about to be, have cost the hook's time: rather the new one goes.
      victim = slot;
      if (this.#when === 'latest') {
        victim = this.#slots.find((held) => held.state === 'waiting' || held.state === 'plain') ?? slot;
      }
    }
    if (victim !== slot) this.#slots.push(slot);
    if (victim && victim !== slot) this.remove(victim);
    return victim?.picture;
  }

  remove(slot: Slot<T>): void {
    this.#slots = this.#slots.filter((held) => held !== slot);
  }

  /** Takes out the oldest if it may leave now. */
  next(): Slot<T> | undefined {
    const first = this.#slots[0];
    if (!first || first.state === 'waiting' || first.state === 'asked') return undefined;
    return this.#slots.shift();
  }

  /** Takes out all that the hook does not have. */
  clear(): T[] {
    const cleared = this.#slots.filter((slot) => slot.state !== 'asked');
    this.#slots = this.#slots.filter((slot) => slot.state === 'asked');
    return cleared.map((slot) => slot.picture);
  }
}
