/** Which process a number means: numbers come again, also after a new start of the machine. */
import { readFileSync } from 'node:fs';
import { codeOf } from './folder.ts';

const BOOT = readBoot();

/** Another one after each start of the machine; empty: nothing tells. */
export function bootId(): string {
  return BOOT;
}

/** When a process started, in the kernel's ticks; undefined: there is none, or it ended. Where nothing tells, 0. */
export function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return lives(pid) ? '0' : undefined;
  try {
    // After the name, which may hold anything: the 20th field.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ');
    return fields?.[0] === 'Z' ? undefined : fields?.[19];
  } catch {
    return undefined;
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function readBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
