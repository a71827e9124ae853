/** Many times of one phase in a few figures. Pure. */
import { type Phase, type PhaseTimes, phases } from './job.ts';

export function summary(times: Record<Phase, readonly number[]>): Record<Phase, PhaseTimes> {
  const sums = phases.map((phase) => sum(times[phase]));
  const all = sum(sums);
  const entries = phases.map((phase, index): [Phase, PhaseTimes] => {
    const sorted = [...times[phase]].sort((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    const total = sums[index] ?? 0;
    return [
      phase,
      {
        mean: sorted.length === 0 ? 0 : total / sorted.length,
        p50: at(0.5),
        p99: at(0.99),
        share: all === 0 ? 0 : total / all,
      },
    ];
  });
  return Object.fromEntries(entries) as Record<Phase, PhaseTimes>;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
