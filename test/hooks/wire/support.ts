/** What the tests of hooks in processes share: a job, a host that notes what it is told, frames of 8×4. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { hookEnv } from '../../../src/children/env.ts';
import type { Adapter, AdapterHost, ShownFrame } from '../../../src/hooks/adapter.ts';
import type { HookRunner, HookSpec } from '../../../src/hooks/spec.ts';
import { Spawner } from '../../../src/hooks/wire/distant-child.ts';
import { createProcessAdapter } from '../../../src/hooks/wire/process-adapter.ts';
import { hookSpec } from '../../support/hook-spec.ts';

export const never = new AbortController().signal;

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/hooks/wire/${name}`, import.meta.url));
}

export function command(...argv: string[]): HookRunner {
  return { by: 'command', argv, dir: tmpdir() };
}

export function module(name: string): HookRunner {
  return { by: 'module', file: fixture(name) };
}

export class Noted implements AdapterHost {
  readonly lines: string[] = [];
  readonly events: [name: string, data: unknown][] = [];
  readonly losses: string[] = [];
  #changed: (() => void)[] = [];

  log(level: string, message: string): void {
    this.lines.push(`${level}: ${message}`);
    this.#tell();
  }

  event(name: string, data: unknown): void {
    this.events.push([name, data]);
    this.#tell();
  }

  lost(reason: string): void {
    this.losses.push(reason);
    this.#tell();
  }

  /** Resolves once this holds of what was noted; the test's own time-out is the limit. */
  async until(holds: (noted: Noted) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

export function adapt(
  t: Test,
  runner: HookRunner,
  spec: Partial<HookSpec> = {},
): { adapter: Adapter; noted: Noted } {
  const dir = mkdtempSync(join(tmpdir(), 'relay-wire-'));
  const noted = new Noted();
  const hook = hookSpec({ runner, timeout: 2, memory: 1 << 30, ...spec });
  const spawner = new Spawner([], hookEnv());
  const adapter = createProcessAdapter({ route: 'lobby', hook, dir, prefix: [] }, noted, spawner);
  t.teardown(async () => {
    await adapter.kill();
    spawner.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { adapter, noted };
}

/** Gray, 8×4, all pixels of this value. */
export function gray(sequence: number, value = sequence, width = 8, height = 4): ShownFrame {
  return {
    sequence,
    pts: 9_007_199_254_740_993n + BigInt(sequence),
    timeBase: { num: 1, den: 90_000 },
    timestamp: sequence * 40_000,
    wallClock: 1_700_000_000_000,
    keyFrame: sequence === 0,
    format: 'gray8',
    width,
    height,
    planes: [{ data: Buffer.alloc(width * height, value), stride: width, width, height }],
  };
}

/** Linux. What only waits for its parent to look is gone. */
export function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}
