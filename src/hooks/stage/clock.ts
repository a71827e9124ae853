/** Time as the stage sees it, so that tests can have one of their own. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Calls back later; returns what calls it off. */
  after(ms: number, callback: () => void): () => void;
}

export function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}

/** Settles with the promise or, if that takes longer, after `ms`; says whether it was in time. Never rejects. */
export function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const off = clock.after(ms, () => resolve(false));
    const done = () => {
      off();
      resolve(true);
    };
    promise.then(done, done);
  });
}
