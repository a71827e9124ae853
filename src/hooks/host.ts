/**
 * Runs as a process of its own: one hook in TypeScript or JavaScript, at the hook's end of the wire.
 * Started as `node host.js module:<file>` or `builtin:<name>`, with RELAY_HOOK in its environment.
 */
import { writeSync } from 'node:fs';
import { Connection } from './host/connection.ts';
import { loadHook } from './host/load.ts';
import { type HookRun, runHook } from './host/run.ts';
import { words } from './host/words.ts';

const spec = process.argv[2] ?? '';
const file = spec.startsWith('module:') ? spec.slice('module:'.length) : undefined;
const exit = process.exit.bind(process);
let run: HookRun | undefined;

process.exit = ((code?: number): never => {
  writeSync(2, `the hook called process.exit(${code ?? ''})\n`);
  return exit(code);
}) as typeof process.exit;

const connection = await Connection.open(process.env['RELAY_HOOK'] ?? '', {
  onMessage: (message) => run?.take(message),
  onEnd: () => exit(0),
});

/** Says why, then ends: what runs on after an error that nobody caught can't be trusted. */
function fail(reason: string, thrown: unknown): void {
  console.error(thrown);
  const late = setTimeout(exit, 500, 1);
  connection.send({ type: 'failed', message: reason });
  void connection.end().then(() => {
    clearTimeout(late);
    exit(1);
  });
}

process.on('uncaughtException', (error) => fail(`nobody caught: ${words(error, file)}`, error));
process.on('unhandledRejection', (error) => fail(`nobody caught a rejection: ${words(error, file)}`, error));

try {
  const hook = await loadHook(spec);
  run = runHook(hook, connection, {
    file,
    token: process.env['RELAY_HOOK_TOKEN'],
    onStop: () => exit(0),
    onFailure: (what, error) => fail(`${what} failed: ${words(error, file)}`, error),
  });
} catch (error) {
  fail(words(error), error);
}
