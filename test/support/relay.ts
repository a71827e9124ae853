/** The real command, as a user runs it: built once where src/ is newer than dist/, then spawned. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Test } from 'tap';

export const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const setup = new URL('../../scripts/lib/setup.mjs', import.meta.url).href;

/** Call it before the first `relay` of a file. */
export async function built(): Promise<void> {
  const script = `import { prepare } from ${JSON.stringify(setup)}; await prepare();`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
}

export interface RelayOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Instead of the one of this checkout. */
  cli?: string;
}

export interface Running {
  child: ChildProcess;
  out(): string;
  err(): string;
  /** Resolves when stdout and stderr together match. */
  until(pattern: RegExp): Promise<void>;
  /** Exit code, or the name of the signal. */
  ended: Promise<number | string | null>;
}

export function startRelay(t: Test, args: string[], options: RelayOptions = {}): Running {
  const child = spawn(process.execPath, [options.cli ?? cli, ...args], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: undefined, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const ended = once(child, 'close').then(
    ([code, signal]: unknown[]) => (code ?? signal) as number | string | null,
  );
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  });
  return {
    child,
    out: () => out,
    err: () => err,
    ended,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (pattern.test(out + err)) resolve();
        };
        look();
        child.stdout.on('data', look);
        child.stderr.on('data', look);
        void ended.then(() => reject(new Error(`relay ended without ${pattern}:\n${out}${err}`)));
      }),
  };
}

export async function relay(
  t: Test,
  args: string[],
  options: RelayOptions = {},
): Promise<{ code: number | string | null; out: string; err: string }> {
  const run = startRelay(t, args, options);
  return { code: await run.ended, out: run.out(), err: run.err() };
}
