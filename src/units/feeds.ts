/** Where workers take their streams, and who waits for that: a feed starts when its worker listens. */

export class Feeds {
  /** By worker id. */
  readonly #open = new Map<string, { url: string; listening: boolean }>();
  readonly #waiting = new Set<() => void>();

  open(worker: string, url: string): void {
    this.#open.set(worker, { url, listening: false });
  }

  listening(worker: string): void {
    const feed = this.#open.get(worker);
    if (feed === undefined) return;
    feed.listening = true;
    for (const check of [...this.#waiting]) check();
  }

  close(worker: string): void {
    this.#open.delete(worker);
  }

  url(worker: string): string | undefined {
    return this.#open.get(worker)?.url;
  }

  /** Resolves once all of them listen; false when the signal was aborted before. */
  whenListening(workers: readonly string[], signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const check = (): void => {
        const ready = workers.every((worker) => this.#open.get(worker)?.listening);
        if (!ready && !signal.aborted) return;
        this.#waiting.delete(check);
        signal.removeEventListener('abort', check);
        resolve(!signal.aborted);
      };
      this.#waiting.add(check);
      signal.addEventListener('abort', check);
      check();
    });
  }
}
