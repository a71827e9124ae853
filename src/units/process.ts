/**
 * A child process in a group of its own: started so that it dies with the gateway, drained so
 * that it never blocks on us, ended as a group.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { childEnv } from '../children/env.ts';
import { Tail } from '../children/tail.ts';

/** What ties the life of children to ours, even when we are SIGKILLed. */
export interface Tether {
  /** Words to put before the command. */
  prefix: readonly string[];
  /** Told of each group that lives. */
  add(pid: number): void;
  remove(pid: number): void;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The program could not be started. */
  error?: Error;
}

export interface LaunchOptions {
  tether: Tether;
  onStdout?: (chunk: Buffer) => void;
  /** What arrives on descriptor 3. */
  onProgress?: (chunk: string) => void;
  cwd?: string;
  /** Instead of the usual environment of children. */
  env?: NodeJS.ProcessEnv;
  /** Standard input stays open; see write. */
  input?: boolean;
}

/** Milliseconds that each rung of the ladder gets. */
export interface Ladder {
  signals: readonly [NodeJS.Signals, number][];
  /** These are for the process alone, which ends in good order what it has started; SIGKILL is for all of them. */
  alone?: true;
}

/** For a process that works: ffmpeg closes its outputs at the first signal. */
export const GENTLE: Ladder = { signals: [['SIGTERM', 3000]] };
/** For one that hangs: a stopped process never gets to see SIGTERM. */
export const SHORT: Ladder = { signals: [['SIGTERM', 300]] };
/** For one whose output leads nowhere any more. */
export const AT_ONCE: Ladder = { signals: [] };

/** By the reason for which a unit is stopped. */
export const ladders = { gentle: GENTLE, short: SHORT, atOnce: AT_ONCE } satisfies Record<string, Ladder>;

/** Milliseconds to read what a dead process has written, while a stray grandchild may hold the pipe. */
const LAST_WORDS = 200;

export class Child {
  readonly pid: number | undefined;
  /** Resolves when the process is gone, its group with it and its last words read. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #tail = new Tail();
  #gone = false;

  constructor(command: string, args: readonly string[], options: LaunchOptions) {
    const { tether } = options;
    const [file, ...rest] = [...tether.prefix, command, ...args] as [string, ...string[]];
    this.#child = spawn(file, rest, {
      detached: true,
      env: options.env ?? childEnv(),
      cwd: options.cwd,
      windowsHide: true,
      stdio: [
        options.input ? 'pipe' : 'ignore',
        options.onStdout === undefined ? 'ignore' : 'pipe',
        'pipe',
        options.onProgress === undefined ? 'ignore' : 'pipe',
      ],
    });
    this.pid = this.#child.pid;
    if (this.pid !== undefined) tether.add(this.pid);
    const { stdin, stdout, stderr } = this.#child;
    stderr?.on('data', (chunk: Buffer) => this.#tail.push(chunk));
    stdout?.on('data', (chunk: Buffer) => options.onStdout?.(chunk));
    const progress = this.#child.stdio[3] as Readable | null | undefined;
    progress?.setEncoding('latin1').on('data', (chunk: string) => options.onProgress?.(chunk));
    // A pipe may break while its process dies; the exit tells the story.
    for (const stream of [stdin, stdout, stderr, progress]) stream?.on('error', () => {});
    this.exited = this.#watch(tether);
  }

  /** To its standard input; what a process that is gone does not read is lost. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Its last lines on stderr, as written. */
  stderr(): string[] {
    return this.#tail.lines();
  }

  /** Climbs the ladder until it is gone; SIGKILL is the last rung. */
  async end(ladder: Ladder): Promise<Exit> {
    for (const [signal, patience] of ladder.signals) {
      if (this.#gone) break;
      this.#signal(signal, ladder.alone);
      if (await within(this.exited, patience)) return this.exited;
    }
    if (!this.#gone) this.#signal('SIGKILL');
    return this.exited;
  }

  #watch(tether: Tether): Promise<Exit> {
    return new Promise((resolve) => {
      const child = this.#child;
      child.once('error', (error) => {
        if (child.pid !== undefined) return; // a failed kill, not a failed start
        this.#gone = true;
        resolve({ code: null, signal: null, error });
      });
      child.once('exit', (code, signal) => {
        this.#gone = true;
        // The leader is gone, what it forked may not be.
        this.#signal('SIGKILL');
        if (this.pid !== undefined) tether.remove(this.pid);
        const done = (): void => {
          clearTimeout(timer);
          for (const stream of child.stdio) stream?.destroy();
          resolve({ code, signal });
        };
        const timer = setTimeout(done, LAST_WORDS);
        child.once('close', done);
      });
    });
  }

  #signal(signal: NodeJS.Signals, alone = process.platform === 'win32'): void {
    if (this.pid === undefined) return;
    try {
      process.kill(alone ? this.pid : -this.pid, signal);
    } catch {
      // ESRCH: already gone
    }
  }
}

async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const inTime = await Promise.race([promise.then(() => true as const), late]);
  clearTimeout(timer);
  return inTime;
}
