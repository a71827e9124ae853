/** In which order the files of a ring were written. */
import type { Earlier } from './earlier.ts';
import type { Init } from './types.ts';

export interface Named {
  name: string;
  init: Init;
}

/** A file that names no run stands alone. */
export function runOf({ name, init }: Named): string {
  return init.run === '' ? `file ${name}` : init.run;
}

/**
 * Names tell the time of the wall clock, which may have been set back; within a run the numbers tell the truth.
 * A run that was seen before goes on before another begins. Of those that are seen together for the first time, the runs
 * that a ledger holds are in its order; a run that it doesn't hold may be one without footage, so names say whether it
 * came before the last of them: unless the clock was set back since. Only where nothing else tells names decide alone.
 */
export function inOrder<T extends Named>(
  entries: readonly T[],
  seen: ReadonlySet<string>,
  earlier?: Pick<Earlier, 'runs' | 'setBack'>,
): T[] {
  const runs = new Map<string, T[]>();
  for (const entry of entries) {
    const run = runs.get(runOf(entry));
    if (run === undefined) runs.set(runOf(entry), [entry]);
    else run.push(entry);
  }
  for (const run of runs.values()) run.sort((a, b) => a.init.number - b.init.number);
  const known = [...(earlier?.runs.keys() ?? [])];
  const last = runs.get(known.at(-1) ?? '')?.[0]?.name;
  const turn = (run: string, name: string): [number, number] => {
    if (seen.has(run)) return [0, 0];
    const at = known.indexOf(run);
    if (at >= 0) return [at === known.length - 1 ? 3 : 1, at];
    return [last !== undefined && !earlier?.setBack && name < last ? 2 : 4, 0];
  };
  return [...runs]
    .map(([run, files]) => ({ files, name: files[0]!.name, turn: turn(run, files[0]!.name) }))
    .sort((a, b) => a.turn[0] - b.turn[0] || a.turn[1] - b.turn[1] || (a.name < b.name ? -1 : 1))
    .flatMap(({ files }) => files);
}
