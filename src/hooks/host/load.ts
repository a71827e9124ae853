/** From what the worker names to a hook: a user's file, or one that comes with us. */
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import { type Hook, pixelFormats } from '../contract.ts';
import { Compiler } from './compiler.ts';
import { words } from './words.ts';

const here = import.meta.url;

/** `module:<absolute file>` or `builtin:<name>`. Its errors name the file and what is wrong with it. */
export async function loadHook(spec: string): Promise<Hook> {
  const colon = spec.indexOf(':');
  const name = spec.slice(colon + 1);
  if (spec.slice(0, colon) === 'builtin') {
    const file = fileURLToPath(new URL(`../builtin/${name}${extname(here)}`, here));
    if (!/^[a-z][a-z0-9-]*$/.test(name) || !existsSync(file))
      throw new Error(`relay:${name}: there is no such hook`);
    return checkHook(`relay:${name}`, (await import(new URL(file, 'file:').href)).default);
  }
  if (!existsSync(name)) throw new Error(`${name}: there is no such file`);
  let exported: unknown;
  try {
    // The alias: a hook outside of any project needs no node_modules to get its types' helper.
    const alias = { 'relay-gateway/hook': fileURLToPath(new URL(`../contract${extname(here)}`, here)) };
    const transform = new Compiler().compile;
    const ways = { alias, transform, fsCache: false, moduleCache: false, interopDefault: false };
    const jiti = createJiti(here, ways);
    exported = await jiti.import(name);
  } catch (error) {
    throw new Error(`${name}: it can't be loaded: ${words(error, name)}`, { cause: error });
  }
  return checkHook(name, defaultOf(exported));
}

/** A CommonJS file has no default export: what it exports is the hook. */
function defaultOf(exported: unknown): unknown {
  const { default: hook, process } = (exported ?? {}) as { default?: unknown; process?: unknown };
  return hook ?? (typeof process === 'function' ? exported : undefined);
}

function checkHook(file: string, hook: unknown): Hook {
  const wrong = problem(hook);
  if (wrong !== undefined) throw new Error(`${file}: ${wrong}`);
  return hook as Hook;
}

function problem(hook: unknown): string | undefined {
  if (hook === undefined) return 'no default export; it needs: export default { process(frame) { … } }';
  if (typeof hook !== 'object' || hook === null) {
    return `the default export is ${hook === null ? 'null' : `a ${typeof hook}`}; it must be an object: { process(frame) { … } }`;
  }
  const { process, setup, teardown, format, size } = hook as { [key: string]: unknown };
  if (typeof process !== 'function') {
    return `the default export has no function "process"; it has: ${Object.keys(hook).join(', ') || 'nothing'}`;
  }
  if (setup !== undefined && typeof setup !== 'function') return '"setup" is not a function';
  if (teardown !== undefined && typeof teardown !== 'function') return '"teardown" is not a function';
  if (format !== undefined && !pixelFormats.some((known) => known === format)) {
    return `format ${JSON.stringify(format)}; there are: ${pixelFormats.join(', ')}`;
  }
  if (size !== undefined && !isSize(size))
    return '"size" must be { width, height } with whole numbers from 1 to 8192';
  return undefined;
}

function isSize(size: unknown): boolean {
  const { width, height } = (size ?? {}) as { width?: unknown; height?: unknown };
  return [width, height].every((side) => Number.isInteger(side) && Number(side) >= 1 && Number(side) <= 8192);
}
