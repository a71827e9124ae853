/** A worker's ears and mouth: lines of JSON on standard input, lines of JSON on standard output. */
import { createInterface } from 'node:readline';
import type { WorkerCommand, WorkerJob, WorkerReport } from './job.ts';

export interface Ears<Job> {
  job(job: Job): void;
  command(command: WorkerCommand): void;
  /** Whoever started it is gone. */
  end(): void;
}

export function listen<Job = WorkerJob>(input: NodeJS.ReadableStream, ears: Ears<Job>): void {
  let begun = false;
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => {
    if (!line.trim()) return;
    const value: unknown = JSON.parse(line);
    if (begun) return ears.command(value as WorkerCommand);
    begun = true;
    ears.job(value as Job);
  });
  lines.once('close', () => ears.end());
}

/** Beyond this nobody reads: what only informs is left out, so that memory stays bounded. */
const UNREAD = 1_000_000;
const UNREAD_ANY = 4 * UNREAD;

/** Never waits: pipes take what is written in the background. */
export function reporter<Report extends { type: string } = WorkerReport>(
  output: NodeJS.WritableStream & { writableLength: number },
): (report: Report) => void {
  output.on('error', () => {});
  return (report) => {
    const optional = report.type === 'figures' || report.type === 'meta';
    if (output.writableLength > (optional ? UNREAD : UNREAD_ANY)) return;
    output.write(`${JSON.stringify(report)}\n`);
  };
}
