/** Choosing one program among the places where it may be, and asking it what it is. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { messageOf, RelayError } from '../errors.ts';
import type { Env } from './cache.ts';

/** A program that was found and is fit for use. */
export interface Binary {
  /** Absolute. */
  path: string;
  version: string;
  /** Where it was found: "configured", "FFMPEG_PATH", "PATH", "cache", … */
  from: string;
  /** What the user should know, e.g. that the program they configured was passed over. */
  warnings: string[];
}

/** One place to look in: a file, or the reason why there is none. */
export interface Candidate {
  from: string;
  path?: string;
  /** Why there is nothing here; only without `path`. */
  why?: string;
  /** The user named it: being passed over deserves a warning. */
  named?: boolean;
}

export interface Chosen<T> {
  candidate: Candidate & { path: string };
  facts: T;
  warnings: string[];
}

/** The first candidate that `inspect` doesn't throw at; else RELAY_BINARY_MISSING with each one's reason. */
export async function choose<T>(
  name: string,
  candidates: readonly Candidate[],
  inspect: (path: string, candidate: Candidate) => Promise<T>,
  hint: () => string | Promise<string>,
): Promise<Chosen<T>> {
  const reasons: string[] = [];
  const warnings: string[] = [];
  for (const candidate of candidates) {
    const { from, path } = candidate;
    if (path === undefined) {
      reasons.push(`${from}: ${candidate.why ?? 'nothing there'}`);
      continue;
    }
    try {
      await assertProgram(path);
      const facts = await inspect(path, candidate);
      return { candidate: { ...candidate, path }, facts, warnings };
    } catch (error) {
      const reason = `${from}: ${path}: ${messageOf(error)}`;
      reasons.push(reason);
      if (candidate.named) warnings.push(`passed over ${reason}`);
    }
  }
  const list = reasons.map((reason) => `\n  ${reason}`).join('');
  throw new RelayError('RELAY_BINARY_MISSING', `no fit ${name} was found:${list}`, { hint: await hint() });
}

/** The candidate that a setting or a variable names. */
export function named(from: string, value: string | undefined): Candidate {
  return value ? { from, path: resolve(value), named: true } : { from, why: 'not set' };
}

/** Every program of this name on PATH, in order; one candidate that says so when there is none. */
export async function onPath(name: string, env: Env): Promise<Candidate[]> {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter(Boolean);
  const found: Candidate[] = [];
  for (const folder of new Set(folders)) {
    const path = resolve(join(folder, file));
    if (await isProgram(path)) found.push({ from: 'PATH', path });
  }
  return found.length > 0
    ? found
    : [{ from: 'PATH', why: `no ${name} in its ${folders.length} folder${folders.length === 1 ? '' : 's'}` }];
}

/** The first program of this name on PATH. */
export async function which(name: string, env: Env): Promise<string | undefined> {
  return (await onPath(name, env))[0]?.path;
}

async function isProgram(path: string): Promise<boolean> {
  return assertProgram(path).then(
    () => true,
    () => false,
  );
}

async function assertProgram(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new Error('no such file');
  if (!info.isFile()) throw new Error('not a file');
  await access(path, constants.X_OK).catch(() => {
    throw new Error('not executable');
  });
}

/** Output of a short run. Rejects with one line that tells why when the program fails or hangs. */
export function ask(path: string, args: readonly string[], env: Env, timeout = 10_000): Promise<string> {
  return new Promise((done, fail) => {
    const options = { env: { ...env }, timeout, killSignal: 'SIGKILL', maxBuffer: 8 << 20 } as const;
    const child = execFile(path, args, options, (error, stdout, stderr) => {
      if (!error) return done(stdout);
      if (error.killed) return fail(new Error(`no answer to ${args.at(-1)} within ${timeout / 1000} s`));
      const said = (stderr.trim() || stdout.trim()).split('\n').at(-1);
      const how = typeof error.code === 'number' ? `exit code ${error.code}` : (error.code ?? error.signal);
      fail(new Error(`${args.at(-1)} failed (${how})${said ? `: ${said}` : ''}`));
    });
    child.stdin?.end();
  });
}
