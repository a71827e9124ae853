/** Long runs of other programs during an installation: heard, stoppable with all their children. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Env } from './cache.ts';

export interface RunOptions {
  env: Env;
  cwd?: string;
  signal?: AbortSignal | undefined;
  /** Each line that it says, as it comes. */
  onLine?: (line: string) => void;
  /** Milliseconds after which it is stopped. */
  timeout?: number;
}

const keptLines = 5;
const patience = 5_000;

/** Output of a program. Rejects with its last lines when it fails; a stop ends its whole group. */
export function run(argv: readonly string[], options: RunOptions): Promise<string> {
  const [file = '', ...args] = argv;
  const grouped = process.platform !== 'win32';
  return new Promise((done, fail) => {
    options.signal?.throwIfAborted();
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...options.env },
      // A group of its own, because compilers and package managers start helpers that outlive them.
      detached: grouped,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output: Buffer[] = [];
    const tail: string[] = [];
    let stopped: unknown;
    let killer: NodeJS.Timeout | undefined;
    const send = (signal: NodeJS.Signals) => {
      try {
        if (grouped && child.pid) process.kill(-child.pid, signal);
        else child.kill(signal);
      } catch {
        // It has just ended by itself.
      }
    };
    const stop = (reason: unknown) => {
      if (stopped !== undefined) return;
      stopped = reason;
      // Asked first: a package manager that is killed leaves its database half written.
      send('SIGTERM');
      killer = setTimeout(send, patience, 'SIGKILL');
    };
    const abort = () => stop(options.signal?.reason);
    options.signal?.addEventListener('abort', abort, { once: true });
    const late = () => stop(new Error(`${file} took longer than ${(options.timeout ?? 0) / 1000} s`));
    const timer = options.timeout ? setTimeout(late, options.timeout) : undefined;
    const over = () => {
      clearTimeout(timer);
      clearTimeout(killer);
      options.signal?.removeEventListener('abort', abort);
    };
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    if (options.onLine) createInterface({ input: child.stdout }).on('line', options.onLine);
    createInterface({ input: child.stderr }).on('line', (line) => {
      options.onLine?.(line);
      tail.push(line);
      if (tail.length > keptLines) tail.shift();
    });
    child.once('error', (error) => {
      over();
      fail(error);
    });
    child.once('close', (code, signal) => {
      over();
      if (stopped !== undefined) return fail(stopped);
      const text = Buffer.concat(output).toString('utf8');
      if (code === 0) return done(text);
      const said = (tail.length > 0 ? tail : text.trim().split('\n').slice(-keptLines)).join('\n    ');
      fail(
        new Error(`${argv.slice(0, 3).join(' ')} failed (${signal ?? `exit code ${code}`}):\n    ${said}`),
      );
    });
  });
}
