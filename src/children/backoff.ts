/** When to start a failed unit again. Pure. Never "not at all": a camera may be away for a week. */

/** Seconds without failure after which trouble counts as over. */
export const HEALTHY_AFTER = 60;

/** Seconds of health after which the next failure is not one more in a row: its restart comes at once. */
export const STEADY_AFTER = 10;

/**
 * Milliseconds until the next start.
 * @param failures failures in a row before this one
 * @param trouble seconds since the first failure
 * @param random from 0 to 1
 */
export function restartDelay(failures: number, trouble: number, random: number): number {
  if (failures === 0) return 0;
  const jitter = 0.8 + 0.4 * random;
  // Waiting as long as the trouble is old beyond a minute doubles the pause each time.
  if (trouble >= HEALTHY_AFTER) return Math.min(30, Math.max(2, trouble - HEALTHY_AFTER)) * jitter * 1000;
  return (failures === 1 ? 0.5 : 1.5) * jitter * 1000;
}
