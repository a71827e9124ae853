/**
 * One run of ffprobe, line by line. Its `compact` output is used instead of JSON because packets come
 * first and one at a time: a film of two hours is counted without ever being held in memory.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { messageOf, RelayError } from '../errors.ts';
import { printable } from './printable.ts';
import { createRedactor } from './redact.ts';

/** One line of ffprobe's output: `packet|pts_time=0.0|flags=K_` */
export type ProbeRecord = ReadonlyMap<string, string>;

export interface ProbeRun {
  ffprobe: string;
  /** Stands in front of the command: what ties a child to the life of this process. */
  prefix?: readonly string[] | undefined;
  /** What is looked at, for errors. */
  url: string;
  args: string[];
  signal?: AbortSignal | undefined;
  /** Milliseconds; absent: as long as it takes. */
  timeoutMs?: number | undefined;
  onRecord(section: string, record: ProbeRecord): void;
}

/** Knows no secrets, only where URLs carry them. */
const redactor = createRedactor();

const STDERR_LIMIT = 8192;

export async function runProbe(run: ProbeRun): Promise<void> {
  run.signal?.throwIfAborted();
  const [command = run.ffprobe, ...before] = [...(run.prefix ?? []), run.ffprobe];
  const child = spawn(command, [...before, '-hide_banner', '-v', 'error', '-of', 'compact', ...run.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_LIMIT);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const bar = line.indexOf('|');
    if (bar > 0) run.onRecord(line.slice(0, bar), parseRecord(line, bar + 1));
  });

  let timedOut = false;
  const kill = () => child.kill('SIGKILL');
  const timer =
    run.timeoutMs === undefined ? undefined : setTimeout(() => (timedOut = kill()), run.timeoutMs);
  run.signal?.addEventListener('abort', kill, { once: true });
  let code: number | null;
  try {
    code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
  } catch (error) {
    throw new RelayError('RELAY_BINARY_MISSING', `${run.ffprobe} does not start: ${messageOf(error)}`);
  } finally {
    clearTimeout(timer);
    run.signal?.removeEventListener('abort', kill);
  }
  run.signal?.throwIfAborted();
  if (timedOut) throw unreadable(run.url, `no answer within ${(run.timeoutMs ?? 0) / 1000} s`);
  if (code !== 0) throw unreadable(run.url, lastCause(stderr) ?? `ffprobe ended with code ${code}`);
}

export function unreadable(url: string, cause: string): RelayError {
  const text = cause.startsWith(url) ? cause : `${url}: ${cause}`;
  return new RelayError('RELAY_SOURCE_UNREADABLE', redactor.redactText(text));
}

/** The last line that says something, without ffmpeg's "[rtsp @ 0x55…]" in front. */
function lastCause(stderr: string): string | undefined {
  const lines = stderr.split('\n').map((line) => line.replace(/^(\[[^\]]* @ [^\]]*\]\s*)+/, '').trim());
  const last = lines.filter((line) => line !== '').at(-1);
  return last && printable(last);
}

function parseRecord(line: string, start: number): ProbeRecord {
  const record = new Map<string, string>();
  for (const field of splitEscaped(line, start)) {
    const equals = field.indexOf('=');
    if (equals > 0) record.set(field.slice(0, equals), field.slice(equals + 1));
  }
  return record;
}

/** ffprobe writes `|`, `\` and line ends inside values as `\|`, `\\`, `\n`. */
function splitEscaped(line: string, start: number): string[] {
  const rest = line.slice(start);
  if (!rest.includes('\\')) return rest.split('|');
  const fields = [''];
  for (let at = 0; at < rest.length; at++) {
    const char = rest[at]!;
    if (char === '|') fields.push('');
    else if (char === '\\') fields[fields.length - 1] += unescapeChar(rest[++at]);
    else fields[fields.length - 1] += char;
  }
  return fields;
}

function unescapeChar(char = ''): string {
  return ({ n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' } as Record<string, string>)[char] ?? char;
}

/** A value, or undefined where ffprobe says N/A, unknown or nothing. */
export function known(record: ProbeRecord, key: string): string | undefined {
  const value = record.get(key);
  return value === undefined || value === '' || value === 'N/A' || value === 'unknown' ? undefined : value;
}

export function knownNumber(record: ProbeRecord, key: string): number | undefined {
  const value = Number(known(record, key) ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

/** Served by somebody else's clock: must be bounded in time, not in packets. */
export function isNetworkUrl(url: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(url) && !/^file:/i.test(url);
}
