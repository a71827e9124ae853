/** The one log. Every line passes the redactor on its way out, whoever wrote it. */
import type { Writable } from 'node:stream';
import { pino } from 'pino';
import type { Redactor } from './redact.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

export type Log = Pick<pino.Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'level'>;

export interface LogOptions {
  level: LogLevel;
  /** `pretty` for people, `json` for machines: one object a line. */
  format: 'pretty' | 'json';
  stream: Writable;
  redact: Redactor;
}

export async function createLog(options: LogOptions): Promise<Log> {
  const { stream, redact } = options;
  const write = (line: string): void => {
    stream.write(redact.redactText(line));
  };
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (options.format === 'json') return pino(settings, { write }) as Log;

  // Loaded only for people, and run in this thread: a worker would cost 10 MB and lose the last lines of a crash.
  const { prettyFactory } = await import('pino-pretty');
  const colorize = 'isTTY' in stream && stream.isTTY === true;
  const pretty = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname' });
  const log: Log = pino(settings, {
    write(line: string) {
      write(pretty(line));
    },
  });
  return log;
}

/** A log that says nothing. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
