/** Our own programs: each is started as a process (one as a thread) of its own, from the build. */
import { fileURLToPath } from 'node:url';

export type Program =
  | 'hooks/worker'
  | 'hooks/host'
  | 'hooks/host/compiler-thread'
  | 'hooks/offline'
  | 'hooks/spawner'
  | 'record/main';

/** The file to give to node. From a checkout's src/ it is the one that was built beside it. */
export function entryOf(program: Program): string {
  const here = import.meta.url;
  const folder = here.endsWith('.ts') ? '../../dist/' : '../';
  return fileURLToPath(new URL(`${folder}${program}.js`, here));
}
