/** Where the programs of hooks are: each is started as a process (the spawner as a thread) of its own, from the build. */
import { fileURLToPath } from 'node:url';

/** The file to give to node. From a checkout's src/ it is the one that was built beside it. */
export function entryOf(program: 'worker' | 'host' | 'offline' | 'spawner'): string {
  const here = import.meta.url;
  const folder = here.endsWith('.ts') ? '../../dist/hooks/' : './';
  return fileURLToPath(new URL(`${folder}${program}.js`, here));
}
