import { basename } from 'node:path';
import type { HookRunner } from '../hooks/spec.ts';
import type { UnitSpec } from './types.ts';

/** What runs in a unit, in a few words and without secrets. */
export function programOf(unit: UnitSpec): string {
  if (unit.kind === 'worker' || unit.kind === 'recorder') return `relay ${unit.kind}`;
  return unit.kind === 'probe' ? 'ffprobe' : 'ffmpeg';
}

/** "module people.ts", "relay:motion", "command python3 people.py", "http 127.0.0.1:5000": arguments may be secrets. */
export function hookLabel(runner: HookRunner): string {
  switch (runner.by) {
    case 'module':
      return `module ${basename(runner.file)}`;
    case 'builtin':
      return `relay:${runner.name}`;
    case 'http':
      return `http ${new URL(runner.url).host}`;
    case 'command': {
      const [program = '', script = ''] = runner.argv;
      const file = /^[^-=:?]+\.\w{1,4}$/.test(script) ? ` ${basename(script)}` : '';
      return `command ${basename(program)}${file}`;
    }
  }
}
