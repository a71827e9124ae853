/** Twenty times kill -9 while two routes are recorded, every process in turn: what was lost, and what the ledger says. */
import { causesOf, killRecording, type Victim, victims } from '../test/e2e/support/kill-recording.ts';
import type { Scope } from '../test/e2e/support/process.ts';
import type { Row } from './report.ts';

const times = Number(process.env['RELAY_SOAK_KILLS'] ?? 20);

/** Frames of one second: two parts of the ring are less. */
const part = 25;

export async function recordKill(s: Scope): Promise<Row[]> {
  const order: Victim[] = Array.from({ length: times }, (_, index) => victims[index % victims.length]!);
  const { kills, routes } = await killRecording(s, order, {
    random: Math.random,
    told: (line) => console.error(line),
  });
  return routes.flatMap(({ route, ...seen }) => {
    const untold = [...seen.holes, ...seen.lost].filter(({ gap }) => gap === undefined);
    const unexplained = seen.holes.filter(({ from, to, gap }) => {
      const causes = kills
        .filter(({ at }) => at > from - 2 && at < to + 2)
        .flatMap(({ victim }) => causesOf[victim]);
      return gap !== undefined && !causes.includes(gap.cause);
    });
    for (const { from, to, gap } of seen.holes) {
      console.error(
        `${route}: ${(to - from).toFixed(2)} s: ${gap?.cause ?? 'not in the ledger'}, ${gap?.reason ?? ''}`,
      );
    }
    if (seen.gaps.length !== seen.holes.length) {
      for (const gap of seen.gaps) console.error(`${route}, in the ledger: ${JSON.stringify(gap)}`);
    }
    for (const line of seen.broken) console.error(line);
    if (seen.verify.code !== 0) console.error(seen.verify.output);
    const most = Math.max(0, ...seen.lost.map(({ frames }) => frames));
    const wrong = seen.broken.length + seen.doubled.length + seen.unlisted.length;
    return [
      {
        what: `${route}, ${times} times kill -9: files that are broken or not in the ledger, frames twice (${seen.files} files)`,
        ours: `${wrong}`,
        goal: '0',
        ok: wrong === 0,
      },
      {
        what: `${route}: most frames lost at once beside what readers lost (${seen.lost.length} losses)`,
        ours: `${most}`,
        goal: `≤ ${part}`,
        ok: most <= part,
      },
      {
        what: `${route}: holes and losses that the ledger doesn't tell, or tells otherwise (${seen.holes.length} holes)`,
        ours: `${untold.length}, ${unexplained.length}`,
        goal: '0, 0',
        ok: untold.length + unexplained.length === 0 && seen.gaps.length === seen.holes.length,
      },
      {
        what: `${route}: relay recordings verify`,
        ours: seen.verify.code === 0 ? 'agrees' : `ended with ${seen.verify.code}`,
        goal: 'agrees',
        ok: seen.verify.code === 0,
      },
    ];
  });
}
