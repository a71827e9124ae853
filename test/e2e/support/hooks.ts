/** Hooks of tests: the fixtures by each way, and what the gateway says of a hooked route. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HookFigures } from '../../../src/hooks/job.ts';
import type { Misbehaviour } from '../../fixtures/hooks/goes-wrong.ts';
import type { Noted } from '../../fixtures/hooks/watch.ts';
import { find, pythonPath } from './binaries.ts';
import { startHookServer } from './hook-server.ts';
import { runOnce, type Scope, until } from './process.ts';
import type { Relay } from './relay.ts';

/** `hook:` of a route in relay.yaml. */
export type HookSetting = Record<string, unknown>;

export const ways = ['module', 'command', 'http'] as const;
export type Way = (typeof ways)[number];

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/hooks/${name}`, import.meta.url));
}

/** A hook that changes nothing, by this way. */
export async function identity(s: Scope, way: Way): Promise<HookSetting> {
  if (way === 'module') return { module: fixture('identity.ts') };
  if (way === 'command') return { command: [pythonPath(), fixture('identity.py')] };
  return { http: (await startHookServer(s)).url };
}

/** Why a hook by this way can't be tested on this machine; undefined: it can. */
export async function unavailable(s: Scope, way: Way): Promise<string | undefined> {
  if (way !== 'command') return undefined;
  if (find(pythonPath()) === undefined) return 'no python3';
  const { code } = await runOnce(s, pythonPath(), ['-c', 'import numpy']);
  return code === 0 ? undefined : 'Python without numpy';
}

/** Behaves for 25 frames, then no longer; `file`: no longer while this file is there. */
export function misbehaves(how: Misbehaviour, settings: HookSetting = {}, file?: string): HookSetting {
  return { module: fixture('goes-wrong.ts'), ...settings, options: { how, ...(file && { file }) } };
}

/** A hook that takes `ms` for each frame and notes what it was shown in `file`. */
export function watching(file: string, options: { ms?: number; block?: boolean } = {}): HookSetting {
  return { module: fixture('watch.ts'), options: { file, ...options } };
}

export function notesOf(file: string): Noted[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Noted);
}

export async function figuresOf(relay: Relay, route: string): Promise<HookFigures> {
  const { figures } = await relay.unit(`hook:${route}`);
  if (figures.hook === undefined) throw new Error(`no figures of ${route} yet`);
  return figures.hook;
}

/** Waits until the hook itself has seen frames, not only that some are passed on. */
export async function answering(relay: Relay, route: string, frames = 10): Promise<void> {
  await until(async () => (await figuresOf(relay, route)).answered >= frames, {
    timeout: 20_000,
    what: `the hook of ${route} to answer`,
  }).catch(async (error: unknown) => {
    const units = JSON.stringify(await relay.status().then(({ units }) => units, String), null, 1);
    throw new Error(`${String(error)}\n${units}\n${relay.child().output().slice(-4000)}`);
  });
}
