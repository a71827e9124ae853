/** What hooks are to run must be there: told with its line before anything starts. */
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { HookRunner } from '../hooks/spec.ts';
import type { Config } from './config.ts';
import type { Reader } from './read.ts';

export async function checkHookFiles(config: Config, reader: Reader): Promise<void> {
  for (const { name, hook } of Object.values(config.routes)) {
    const message = hook && (await hookFileProblem(hook.runner));
    if (!message) continue;
    const written = (reader.entries('routes')[name] as { hook?: unknown }).hook;
    const place =
      typeof written === 'string' ? [] : hook.runner.by === 'command' ? ['command', 0] : ['module'];
    reader.fail(['routes', name, 'hook', ...place], message);
  }
}

/** What is wrong with the file that it names; undefined: nothing. */
export async function hookFileProblem(runner: HookRunner): Promise<string | undefined> {
  const file = fileOf(runner);
  if (!file) return undefined;
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile()) return undefined;
  return found ? `${file} is not a file` : `there is no file ${file}`;
}

/** Names without a folder are looked for on the PATH when they start. */
function fileOf(runner: HookRunner): string | undefined {
  if (runner.by === 'module') return runner.file;
  const [program = ''] = runner.by === 'command' ? runner.argv : [];
  return isAbsolute(program) ? program : undefined;
}
