/** A disk of a few megabytes, in memory, that can be filled, emptied and made read-only. Needs root on Linux. */
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { runOnce, type Scope } from './process.ts';

export interface SmallDisk {
  dir: string;
  /** Takes every byte that is free. */
  fill(): void;
  /** Takes every inode that is free. */
  fillInodes(): void;
  /** Gives back what `fill` and `fillInodes` took. */
  free(): void;
  /** false: somebody writes to it just now. */
  readOnly(on: boolean): Promise<boolean>;
}

async function mount(s: Scope, args: string[]): Promise<string | undefined> {
  const { code, output } = await runOnce(s, 'mount', args);
  return code === 0 ? undefined : output;
}

/** undefined: this user may not mount. */
export async function smallDisk(s: Scope, bytes: number, inodes = 200): Promise<SmallDisk | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const dir = join(s.dir, 'disk');
  mkdirSync(dir);
  const options = (mode: string): string => `${mode},size=${bytes},nr_inodes=${inodes}`;
  const refused = await mount(s, ['-t', 'tmpfs', '-o', options('rw'), 'tmpfs', dir]);
  if (refused !== undefined) return undefined;
  s.defer(() => runOnce(s, 'umount', ['--lazy', dir]));
  const fillers = join(dir, 'fillers');
  const take = (work: (index: number) => void): void => {
    mkdirSync(fillers, { recursive: true });
    try {
      for (let index = 0; ; index++) work(index);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  };
  return {
    dir,
    fill() {
      mkdirSync(fillers, { recursive: true });
      const fd = openSync(join(fillers, 'bytes'), 'a');
      const page = Buffer.alloc(4096, 1);
      take(() => writeSync(fd, page));
      closeSync(fd);
    },
    fillInodes: () => take((index) => closeSync(openSync(join(fillers, `${index}`), 'wx'))),
    free: () => rmSync(fillers, { recursive: true, force: true }),
    readOnly: async (on) =>
      (await mount(s, ['-o', `remount,${options(on ? 'ro' : 'rw')}`, dir])) === undefined,
  };
}
