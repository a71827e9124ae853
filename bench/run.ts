/** Runs measurements one after the other, each in a scope that leaves no process behind, and prints one table. */
import { type Scope, scope } from '../test/e2e/support/process.ts';
import { print, type Row } from './report.ts';

/** Those named on the command line, or all. Ends the process: 0 when every goal was met. */
export async function runAll(measurements: Record<string, (s: Scope) => Promise<Row[]>>): Promise<never> {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !(name in measurements));
  if (unknown.length) {
    console.error(`no ${unknown.join(', ')} here; there are ${Object.keys(measurements).join(', ')}`);
    process.exit(2);
  }
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(measurements)) {
    if (wanted.length && !wanted.includes(name)) continue;
    let end: () => unknown = () => {};
    const s = scope({
      teardown: (fn: () => unknown) => {
        end = fn;
      },
    });
    try {
      console.error(name);
      rows.push(...(await measure(s)));
    } finally {
      await end();
    }
  }
  print(rows);
  process.exit(rows.every((row) => row.ok) ? 0 : 1);
}
