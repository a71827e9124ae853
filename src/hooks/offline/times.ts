/** Many times of one phase in a few figures. Pure. */
import { percentile } from '../meter.ts';
import { type Phase, type PhaseTimes, phases } from './job.ts';

export function summary(times: Record<Phase, readonly number[]>): Record<Phase, PhaseTimes> {
  const sums = phases.map((phase) => sum(times[phase]));
  const all = sum(sums);
  const entries = phases.map((phase, index): [Phase, PhaseTimes] => {
    const sorted = [...times[phase]].sort((a, b) => a - b);
    const total = sums[index] ?? 0;
    return [
      phase,
      {
        mean: sorted.length === 0 ? 0 : total / sorted.length,
        p50: percentile(sorted, 0.5),
        p99: percentile(sorted, 0.99),
        share: all === 0 ? 0 : total / all,
      },
    ];
  });
  return Object.fromEntries(entries) as Record<Phase, PhaseTimes>;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
