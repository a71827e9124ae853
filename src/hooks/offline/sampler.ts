/** A few frames of a run whose length is not known beforehand, evenly spread, the same ones each time. Pure. */

export class Sampler<T> {
  readonly #most: number;
  #every = 1;
  #count = 0;
  #kept: { at: number; value: T }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** @param make called only for those that are kept, at least for a while */
  offer(make: () => T): void {
    const at = this.#count++;
    if (at % this.#every !== 0) return;
    this.#kept.push({ at, value: make() });
    if (this.#kept.length <= this.#most) return;
    this.#every *= 2;
    this.#kept = this.#kept.filter((one) => one.at % this.#every === 0);
  }

  get kept(): T[] {
    return this.#kept.map(({ value }) => value);
  }
}
