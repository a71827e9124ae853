/** How to run a file of this folder as a child process of Node. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Works from the sources (where Node was given a loader, which the child needs too) and from the build. */
export function childScript(name: string): [command: string, args: string[]] {
  const file = fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url));
  const options = process.execArgv.filter((option) => !option.startsWith('--inspect'));
  return [process.execPath, [...options, file]];
}
