/** Reads the JSON lines that a worker writes. */
import { byLine } from '../children/lines.ts';
import type { WorkerReport } from '../hooks/job.ts';

/** A hook may attach data to its events, within reason. */
const MAX_LINE = 1 << 20;

export function reportLines(each: (report: WorkerReport) => void): (chunk: Buffer) => void {
  return byLine((line) => {
    const report = parse(line);
    if (report !== undefined) each(report);
  }, MAX_LINE);
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
