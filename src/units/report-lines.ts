/** Reads the JSON lines that a worker writes. */
import type { WorkerReport } from '../hooks/job.ts';

/** A hook may attach data to its events, within reason. */
const MAX_LINE = 1 << 20;

export class ReportLines {
  readonly #each: (report: WorkerReport) => void;
  #rest = '';

  constructor(each: (report: WorkerReport) => void) {
    this.#each = each;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString('utf8')).split('\n');
    this.#rest = lines.pop()!;
    if (this.#rest.length > MAX_LINE) this.#rest = '';
    for (const line of lines) {
      const report = parse(line);
      if (report !== undefined) this.#each(report);
    }
  }
}

function parse(line: string): WorkerReport | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'type' in value
      ? (value as WorkerReport)
      : undefined;
  } catch {
    return undefined;
  }
}
