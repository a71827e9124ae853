/** What `relay hook` is told on its command line → the hook as a route would have it. */
import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Argv } from 'yargs';
import { hookFileProblem } from '../config/check-hook-files.ts';
import { closest } from '../config/closest.ts';
import { RelayError } from '../errors.ts';
import { pixelFormats } from '../hooks/contract.ts';
import type { HookSpec } from '../hooks/spec.ts';
import { readConfig } from './config-file.ts';
import type { Io } from './io.ts';
import { safeName } from './target.ts';
import { typedConfig } from './typed-config.ts';

export interface HookArgs {
  hook: string | undefined;
  clip: string | undefined;
  route: string | undefined;
  config: string;
  options: string | undefined;
  format: string | undefined;
  size: string | undefined;
  mode: string | undefined;
  timeout: string | undefined;
  /** What stands behind `--`. */
  '--'?: (string | number)[];
}

export interface ChosenHook {
  clip: string;
  /** As it was named. */
  name: string;
  route: string;
  spec: HookSpec;
}

export function hookArguments(yargs: Argv): Argv<HookArgs> {
  return yargs
    .parserConfiguration({ 'populate--': true })
    .positional('hook', {
      type: 'string',
      describe: 'A file (.ts, .js), relay:motion and the like, or a URL; left out with --route or --',
    })
    .positional('clip', { type: 'string', describe: 'A file with pictures' })
    .option('route', { type: 'string', requiresArg: true, describe: 'Take the hook of this route' })
    .option('config', {
      type: 'string',
      default: 'relay.yaml',
      requiresArg: true,
      describe: 'The file with that route',
    })
    .option('options', { type: 'string', requiresArg: true, describe: 'Options for the hook, as JSON' })
    .option('format', { choices: pixelFormats, requiresArg: true, describe: 'Layout of the pixels' })
    .option('size', { type: 'string', requiresArg: true, describe: 'Size of its frames, e.g. 640x360' })
    .option('mode', {
      choices: ['inline', 'overlay'] as const,
      requiresArg: true,
      describe: 'As in relay.yaml',
    })
    .option('timeout', { type: 'string', requiresArg: true, describe: 'For one frame, e.g. 5s' });
}

/** @throws RelayError for whatever is wrong with it, as for a relay.yaml */
export async function chooseHook(args: HookArgs, io: Io): Promise<ChosenHook> {
  const words = args['--']?.map(String) ?? [];
  const { hook, clip } = named(args, words);
  await refuseUnlessFile(clip);
  const settings = settingsOf(args);
  if (args.route !== undefined) {
    const { name, spec } = await hookOfRoute(args.route, args.config, io);
    const { runner: _, ...told } = typedHook({ module: 'relay:gray', ...settings }, io);
    const kept = Object.keys(settings) as (keyof typeof told)[];
    const changed = Object.fromEntries(kept.map((key) => [key, told[key]]));
    return { clip, name: `the hook of ${name}`, route: name, spec: { ...spec, ...changed } };
  }
  const form = words.length > 0 ? { command: words } : formOf(hook);
  const spec = typedHook({ ...form, ...settings }, io);
  const problem = await hookFileProblem(spec.runner);
  if (problem) throw new RelayError('RELAY_USAGE', problem, { hint: 'names start at the current folder' });
  const route = safeName(basename(clip, extname(clip)), 'clip');
  return { clip, name: words.length > 0 ? words.join(' ') : hook, route, spec };
}

/** The first word is the hook, unless that is named elsewhere. */
function named({ hook, clip, route }: HookArgs, words: string[]): { hook: string; clip: string } {
  const elsewhere = [route !== undefined && '--route', words.length > 0 && '--'].filter(Boolean);
  const [way, other] = elsewhere;
  if (other) throw usage(`the hook is named twice: by ${way} and by ${other}`);
  if (way && clip !== undefined) throw usage(`the hook is named twice: as ${hook} and by ${way}`);
  const file = way ? hook : clip;
  if (file === undefined) {
    throw usage(
      way || hook === undefined ? 'which clip?' : `which hook, and which clip? ${hook} is only one of them`,
    );
  }
  return { hook: way ? '' : (hook ?? ''), clip: file };
}

const usage = (message: string): RelayError =>
  new RelayError('RELAY_USAGE', message, { hint: 'e.g. relay hook test ./my-hook.ts clip.mp4' });

function formOf(text: string): object {
  return /^https?:/i.test(text) ? { http: text } : { module: text };
}

function settingsOf({ options, format, size, mode, timeout }: HookArgs): Record<string, unknown> {
  return {
    ...(options !== undefined && { options: json(options) }),
    ...(format !== undefined && { format }),
    ...(size !== undefined && { size }),
    ...(mode !== undefined && { mode }),
    ...(timeout !== undefined && { timeout }),
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RelayError('RELAY_USAGE', `--options is no JSON: ${(error as Error).message}`, {
      hint: `e.g. --options '{"threshold": 0.6}'`,
    });
  }
}

function typedHook(hook: object, io: Io): HookSpec {
  const file = { sources: { clip: { test: 'bars' } }, routes: { clip: { from: 'clip', hook } } };
  const spec = typedConfig(file, io).routes['clip']?.hook;
  if (!spec) throw new RelayError('RELAY_STATE', 'the hook got lost');
  return spec;
}

async function hookOfRoute(name: string, file: string, io: Io): Promise<{ name: string; spec: HookSpec }> {
  const { routes } = await readConfig(file, io);
  const spec = Object.hasOwn(routes, name) ? routes[name]?.hook : undefined;
  if (spec) return { name, spec };
  const hooked = Object.values(routes).flatMap((route) => (route.hook ? [route.name] : []));
  const near = closest(name, hooked);
  const all = hooked.length > 0 ? `routes with a hook: ${hooked.join(', ')}` : 'no route in it has a hook';
  const what = Object.hasOwn(routes, name) ? `route ${name} has no hook` : `there is no route ${name}`;
  throw new RelayError('RELAY_USAGE', `${what} in ${file}`, {
    hint: near ? `did you mean ${near}?` : all,
  });
}

async function refuseUnlessFile(clip: string): Promise<void> {
  const found = await stat(clip).catch(() => undefined);
  if (found?.isFile()) return;
  throw new RelayError('RELAY_USAGE', found ? `${clip} is not a file` : `there is no file ${clip}`, {
    hint: 'a clip is a video file; ffmpeg -i <url> -t 10 -c copy clip.mkv records one from a camera',
  });
}
