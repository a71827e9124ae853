/** Runs a TypeScript program of bench/ with the real programs at hand; its exit code is ours. */
import { fetchPrograms } from './programs.mjs';
import { prepare, spawned } from './setup.mjs';

export async function runMeasurement(file) {
  await prepare();
  await fetchPrograms();
  const loader = ['--import', new URL('strip-types.mjs', import.meta.url).href];
  process.exitCode = await spawned([process.execPath, ...loader, file, ...process.argv.slice(2)]);
}
