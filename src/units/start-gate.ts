/** Few starts at a time: a hundred processes that start at once make each other late. */

export interface Slot {
  release(): void;
}

export class StartGate {
  readonly #limit: number;
  /** Milliseconds after which a start no longer counts, so that a dead source keeps nobody waiting. */
  readonly #patience: number;
  readonly #queue: (() => void)[] = [];
  #taken = 0;

  constructor(limit = 8, patience = 2000) {
    this.#limit = limit;
    this.#patience = patience;
  }

  /** Starts are on their way right now. */
  get busy(): boolean {
    return this.#taken > 0;
  }

  /**
   * Resolves with a slot, or with undefined once the signal is aborted.
   * @param first what served somebody a moment ago goes before what never ran
   */
  acquire(signal: AbortSignal, first: boolean): Promise<Slot | undefined> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(undefined);
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve(this.#take());
      };
      const leave = (): void => {
        const at = this.#queue.indexOf(enter);
        if (at >= 0) this.#queue.splice(at, 1);
        resolve(undefined);
      };
      if (this.#taken < this.#limit) return enter();
      signal.addEventListener('abort', leave, { once: true });
      if (first) this.#queue.unshift(enter);
      else this.#queue.push(enter);
    });
  }

  #take(): Slot {
    this.#taken++;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      clearTimeout(timer);
      this.#taken--;
      if (this.#taken < this.#limit) this.#queue.shift()?.();
    };
    const timer = setTimeout(release, this.#patience);
    return { release };
  }
}
