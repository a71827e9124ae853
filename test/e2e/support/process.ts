/** Processes, ports and folders of an end-to-end test: all of them are gone when the test ends, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The part of a tap test that is needed. */
export interface Teardown {
  teardown(fn: () => unknown): unknown;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child in its own process group. */
export interface Child {
  name: string;
  pid: number;
  process: ChildProcess;
  exited: Promise<Exit>;
  /** What it exited with; undefined while it runs. */
  exit(): Exit | undefined;
  /** The last 64 kB of stdout and stderr together. */
  output(): string;
  /** Signals the whole group. False: nobody there any more. */
  kill(signal?: NodeJS.Signals): boolean;
  /** SIGTERM, then SIGKILL after `grace` milliseconds; resolves when it is gone. */
  stop(grace?: number): Promise<Exit>;
}

export interface SpawnOptions {
  name?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Further pipes after stdin, stdout and stderr. */
  pipes?: number;
  stdin?: 'pipe' | 'ignore';
  /** stdout is not collected for `output()`: the caller reads it. */
  rawStdout?: boolean;
}

/** What one test owns. */
export interface Scope {
  /** A temporary folder. */
  dir: string;
  spawn(command: string, args: string[], options?: SpawnOptions): Child;
  /** Runs at the end, last added first. */
  defer(fn: () => unknown): void;
}

const OUTPUT_LIMIT = 64 * 1024;

function startChild(command: string, args: string[], options: SpawnOptions): Child {
  const extra = Array.from({ length: options.pipes ?? 0 }, () => 'pipe' as const);
  const child = spawn(command, args, {
    detached: true,
    stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe', ...extra],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let text = '';
  let exit: Exit | undefined;
  const collect = (chunk: Buffer): void => {
    text = (text + chunk.toString('utf8')).slice(-OUTPUT_LIMIT);
  };
  if (!options.rawStdout) child.stdout!.on('data', collect);
  child.stderr!.on('data', collect);
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => {
      text += `${error.message}\n`;
      exit = { code: 127, signal: null };
      resolve(exit);
    });
    child.once('close', (code, signal) => {
      exit ??= { code, signal };
      resolve(exit);
    });
  });
  const kill = (signal: NodeJS.Signals = 'SIGTERM'): boolean => {
    if (child.pid === undefined) return false;
    try {
      return process.kill(-child.pid, signal);
    } catch {
      return false;
    }
  };
  return {
    name: options.name ?? command,
    pid: child.pid ?? -1,
    process: child,
    exited,
    exit: () => exit,
    output: () => text,
    kill,
    async stop(grace = 3000) {
      if (exit === undefined) {
        kill('SIGTERM');
        const timer = setTimeout(() => kill('SIGKILL'), grace);
        await exited;
        clearTimeout(timer);
      }
      kill('SIGKILL');
      return exited;
    },
  };
}

/** Opens a scope that closes with the test. */
export function scope(t: Teardown): Scope {
  const dir = mkdtempSync(join(tmpdir(), 'relay-e2e-'));
  const children: Child[] = [];
  const deferred: (() => unknown)[] = [];
  const killAll = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  const onSignal = (): void => {
    killAll();
    process.exit(1);
  };
  process.on('exit', killAll);
  process.on('SIGTERM', onSignal);
  t.teardown(async () => {
    for (const fn of deferred.reverse()) await fn();
    await Promise.all(children.map((child) => child.stop(1500)));
    process.off('exit', killAll);
    process.off('SIGTERM', onSignal);
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    dir,
    spawn(command, args, options = {}) {
      const child = startChild(command, args, options);
      children.push(child);
      return child;
    },
    defer(fn) {
      deferred.push(fn);
    },
  };
}

async function isFree(port: number): Promise<boolean> {
  const tcp = createServer();
  const udp = createSocket('udp4');
  try {
    tcp.listen(port, '127.0.0.1');
    await once(tcp, 'listening');
    udp.bind(port, '127.0.0.1');
    await once(udp, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    tcp.close();
    udp.close();
  }
}

/**
 * Ports on which nobody listens by TCP or UDP. They lie below the range that the system hands out to
 * clients, so that no connection of another test takes one before it is used.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = 15_000 + Math.floor(Math.random() * 17_000);
    if (!found.has(port) && (await isFree(port))) found.add(port);
  }
  return [...found];
}

/** Asks again and again until the answer is neither undefined, null nor false. Errors count as "not yet". */
export async function until<T>(
  ask: () => T | Promise<T>,
  options: { timeout?: number; every?: number; what?: string } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const { timeout = 10_000, every = 50, what = 'condition' } = options;
  const end = performance.now() + timeout;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== null && answer !== false) {
        return answer as NonNullable<Exclude<T, false>>;
      }
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      const why = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(`waited ${timeout} ms for ${what}${why}`);
    }
    await delay(every);
  }
}

/** Runs a short program to its end. */
export async function runOnce(
  s: Scope,
  command: string,
  args: string[],
  options: SpawnOptions & { timeout?: number } = {},
): Promise<Exit & { output: string }> {
  const child = s.spawn(command, args, options);
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout ?? 60_000);
  const exit = await child.exited;
  clearTimeout(timer);
  return { ...exit, output: child.output() };
}
