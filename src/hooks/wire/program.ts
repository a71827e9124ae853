/** The process of a hook: started in a group of its own, ended with all that it has started. */
import { randomBytes } from 'node:crypto';
import { killMarked, residentBytes } from '../../children/leftovers.ts';
import { Tail } from '../../children/tail.ts';
import type { DistantChild, Spawner } from './distant-child.ts';
import { LogLines } from './log-lines.ts';

const MARKER = 'RELAY_HOOK_ID';
/** A hook that takes all it can get must not starve the workers: theirs and other routes' pictures come first. */
const NICENESS = 5;
/** Milliseconds to read what a dead process has printed, while a stray grandchild may hold the pipe. */
const LAST_WORDS = 200;
/** Milliseconds for which a figure of its memory is good enough. */
const FRESH = 1000;

export interface ProgramOptions {
  argv: readonly string[];
  dir: string;
  env: NodeJS.ProcessEnv;
  log(line: string): void;
  spawner: Spawner;
}

export class Program {
  /** Resolves with the cause in words once it is gone and its last words are read. */
  readonly ended: Promise<string>;
  readonly #child: DistantChild;
  readonly #mark: string;
  readonly #tail = new Tail();
  #alive = true;
  #memory = { bytes: 0, at: Number.NEGATIVE_INFINITY };

  constructor({ argv, dir, env, log, spawner }: ProgramOptions) {
    const [file, ...args] = argv as [string, ...string[]];
    const id = randomBytes(12).toString('hex');
    this.#mark = `${MARKER}=${id}`;
    const options = { cwd: dir, env: { ...env, [MARKER]: id }, detached: true, windowsHide: true };
    this.#child = spawner.spawn(file, args, options, NICENESS);
    const { stdout, stderr } = this.#child;
    stderr.on('data', (chunk: Buffer) => this.#tail.push(chunk));
    const lines = new LogLines([stdout, stderr], log);
    this.ended = this.#watch().finally(() => lines.end());
  }

  async kill(): Promise<void> {
    this.#killGroup();
    await Promise.all([this.ended, killMarked(this.#mark)]);
  }

  memory(): number {
    const { pid } = this.#child;
    if (!this.#alive || pid === undefined) return 0;
    const now = performance.now();
    if (now - this.#memory.at > FRESH) this.#memory = { bytes: residentBytes(pid), at: now };
    return this.#memory.bytes;
  }

  #watch(): Promise<string> {
    return new Promise((resolve) => {
      const child = this.#child;
      child.once('error', (error) => {
        if (child.pid !== undefined) return; // a failed kill, not a failed start
        this.#alive = false;
        resolve(`it can't be started: ${error.message}`);
      });
      child.once('exit', (code, signal) => {
        this.#alive = false;
        // The leader is gone, what it forked may not be.
        this.#killGroup();
        const done = (): void => {
          clearTimeout(timer);
          for (const stream of [child.stdout, child.stderr]) stream.destroy();
          resolve(this.#cause(code, signal));
        };
        const timer = setTimeout(done, LAST_WORDS);
        child.once('close', done);
      });
    });
  }

  #cause(code: number | null, signal: NodeJS.Signals | null): string {
    if (signal !== null) return `it was killed by ${signal}`;
    const last = this.#tail.lines().at(-1);
    // The words of what ties it to us, not of the user's.
    const missing = /^(?:\S*\/)?setpriv: failed to execute (.*?): No such file/.exec(last ?? '')?.[1];
    if (missing !== undefined) return `there is no program ${missing}`;
    return last === undefined
      ? `it ended with exit code ${code}`
      : `it ended with exit code ${code}: ${last}`;
  }

  #killGroup(): void {
    const { pid } = this.#child;
    if (pid === undefined) {
      // It is about to start.
      if (this.#alive) this.#child.once('started', () => this.#killGroup());
      return;
    }
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
    } catch {
      // ESRCH: already gone
    }
  }
}
