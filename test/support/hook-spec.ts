import type { HookSpec } from '../../src/hooks/spec.ts';

/** A hook as relay.yaml describes it, with what a test cares about. */
export function hookSpec(change: Partial<HookSpec> = {}): HookSpec {
  return {
    runner: { by: 'builtin', name: 'stamp' },
    mode: 'inline',
    pick: { by: 'every', frames: 1 },
    whenBehind: 'latest',
    timeout: 1,
    onError: 'pass',
    fade: 1,
    hardware: 'none',
    memory: 512 * 2 ** 20,
    env: {},
    options: {},
    ...change,
  };
}
