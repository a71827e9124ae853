/** No process outlives the gateway. The kernel does it where it can, else one small helper for all. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { childEnv } from '../children/env.ts';
import type { Tether } from './process.ts';
import { reap } from './reaper.ts';

export interface OwnedTether extends Tether {
  close(): void;
}

export type TetherKind = 'kernel' | 'reaper';

export function createTether(kind: TetherKind = kernelCan() ? 'kernel' : 'reaper'): OwnedTether {
  return kind === 'kernel' ? kernelTether : new ReaperTether();
}

/**
 * util-linux's setpriv asks the kernel to kill it when its parent ends, then becomes the command:
 * no further process. The link is to the thread that spawned, so only the main thread may.
 */
const kernelTether: OwnedTether = {
  // By its own path: a child's environment may have another PATH.
  prefix: [programPath('setpriv'), '--pdeathsig', 'KILL', '--'],
  add() {},
  remove() {},
  close() {},
};

function programPath(name: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? name;
}

/** Busybox has a setpriv without this option, so it is tried, not looked for. */
function kernelCan(): boolean {
  if (process.platform !== 'linux') return false;
  return spawnSync('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { stdio: 'ignore' }).status === 0;
}

class ReaperTether implements OwnedTether {
  readonly prefix = [];
  readonly #reaper: ChildProcess;

  constructor() {
    // In a group of its own, so that a Ctrl-C for the gateway does not end it first.
    this.#reaper = spawn(process.execPath, ['-e', `(${reap})()`], {
      detached: true,
      env: childEnv(),
      stdio: ['pipe', 'ignore', 'ignore'],
      windowsHide: true,
    });
    this.#reaper.unref();
    this.#reaper.on('error', () => {});
    this.#reaper.stdin?.on('error', () => {});
  }

  add(pid: number): void {
    this.#reaper.stdin?.write(`+${pid}\n`);
  }

  remove(pid: number): void {
    this.#reaper.stdin?.write(`-${pid}\n`);
  }

  close(): void {
    this.#reaper.stdin?.end();
  }
}
