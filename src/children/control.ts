/** A child's ears and mouth: lines of JSON on standard input, lines of JSON on standard output; and who hears them. */
import { createInterface } from 'node:readline';
import { byLine } from './lines.ts';

export interface Ears<Job, Command> {
  /** The first line. */
  job(job: Job): void;
  /** Each line after it. */
  command(command: Command): void;
  /** Whoever started it is gone. */
  end(): void;
}

export function listen<Job, Command>(input: NodeJS.ReadableStream, ears: Ears<Job, Command>): void {
  let begun = false;
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => {
    if (!line.trim()) return;
    const value: unknown = JSON.parse(line);
    if (begun) return ears.command(value as Command);
    begun = true;
    ears.job(value as Job);
  });
  lines.once('close', () => ears.end());
}

/** Beyond this nobody reads: what only informs is left out, so that memory stays bounded. */
const UNREAD = 1_000_000;
const UNREAD_ANY = 4 * UNREAD;

/** Never waits: pipes take what is written in the background. */
export function reporter<Report extends { type: string }>(
  output: NodeJS.WritableStream & { writableLength: number },
): (report: Report) => void {
  output.on('error', () => {});
  return (report) => {
    const optional = report.type === 'figures' || report.type === 'meta';
    if (output.writableLength > (optional ? UNREAD : UNREAD_ANY)) return;
    output.write(`${JSON.stringify(report)}\n`);
  };
}

/** What a user's code attaches to its events may be long, within reason. */
const MAX_LINE = 1 << 20;

/** Hears what `reporter` says in a child, chunk by chunk of its standard output; what is no report is left out. */
export function reports<Report extends { type: string }>(
  each: (report: Report) => void,
): (chunk: Buffer) => void {
  return byLine((line) => {
    const report = parse<Report>(line);
    if (report !== undefined) each(report);
  }, MAX_LINE);
}

function parse<Report>(line: string): Report | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as Report) : undefined;
  } catch {
    return undefined;
  }
}
