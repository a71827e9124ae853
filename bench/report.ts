/** What a benchmark says: our figure beside the bare tool's from the same run, and their ratio. */

export interface Row {
  what: string;
  ours: string;
  bare?: string;
  /** Ours divided by theirs. */
  ratio?: number;
  goal: string;
  ok: boolean;
}

export function print(rows: Row[]): void {
  const cells = rows.map((row) => [
    row.what,
    row.ours,
    row.bare ?? '',
    row.ratio?.toFixed(3) ?? '',
    row.goal,
    row.ok ? 'yes' : 'NO',
  ]);
  const table = [['what', 'ours', 'bare tool', 'ratio', 'goal', 'met'], ...cells];
  const widths = table[0]!.map((_, at) => Math.max(...table.map((row) => row[at]!.length)));
  for (const row of table)
    console.log(
      row
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    );
}

/** Lets time pass that is measured, and says how much is left. */
export async function pause(seconds: number, why: string): Promise<void> {
  for (let left = seconds; left > 0; left -= 10) {
    console.error(`${why}: ${Math.ceil(left)} s`);
    await new Promise((resolve) => setTimeout(resolve, Math.min(left, 10) * 1000));
  }
}
