/** Notices that the wall clock was set, by comparing it with one that nobody sets. */

export interface WallClock {
  /** What happened since the last look. */
  look(): { at: number; step: number } | undefined;
  /** Unix seconds by the clock as it was at the last look: a step that nobody knows of yet makes nothing older. */
  known(): number;
}

/** Seconds: less is drift, which is followed. */
export const STEP = 2;

/**
 * @param now Unix seconds
 * @param monotonic milliseconds, e.g. performance.now()
 */
export function createWallClock(now: () => number, monotonic: () => number): WallClock {
  const difference = (): number => now() - monotonic() / 1000;
  let last = difference();
  return {
    look() {
      const current = difference();
      const step = current - last;
      last = current;
      return Math.abs(step) > STEP ? { at: now(), step: Math.round(step * 1000) / 1000 } : undefined;
    },
    known: () => last + monotonic() / 1000,
  };
}
