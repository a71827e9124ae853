/** `hook:` of a route → HookSpec: defaults filled in, files absolute, URLs checked. */
import { resolve } from 'node:path';
import { builtinHooks } from '../hooks/builtin/names.ts';
import type { HookRunner, HookSpec, HttpDialect } from '../hooks/spec.ts';
import { closest } from './closest.ts';
import type { Address } from './config.ts';
import { quote, type Report } from './diagnostic.ts';
import type { HookForm, HttpForm } from './hook-schema.ts';
import { addSecret, addUrlSecrets } from './secrets.ts';
import { type UrlProblem, urlProblem } from './url.ts';

interface Context {
  /** Folder of relay.yaml: relative file names start there. */
  dir: string;
  api: Address | false;
  report: Report;
}

/** What is wrong, and the key of the long form that it is about. */
type Problem = UrlProblem & { key: string };

type Result = { spec: HookSpec; problem?: undefined } | { spec?: undefined; problem: Problem };

export function readHook(form: HookForm, context: Context): Result {
  const runner = readRunner(form, context);
  if ('message' in runner) return { problem: runner };
  const mask = runner.by === 'builtin' && runner.name === 'privacy';
  const open = exposed(form, runner);
  if (open) return { problem: open };
  // What comes from ${…} is a secret already; written out, only the name of a variable tells.
  for (const [name, value] of Object.entries(form.env ?? {})) {
    if (/pass|secret|token|key|credential/i.test(name)) addSecret(context.report.secrets, value);
  }
  return {
    spec: {
      runner,
      mode: form.mode ?? 'inline',
      ...(form.format && { format: form.format }),
      ...(form.size && { size: form.size }),
      pick: form.pick ?? { by: 'every', frames: 1 },
      whenBehind: form.whenBehind ?? 'latest',
      timeout: form.timeout ?? 1,
      // Rather no picture than one that shows what must be hidden.
      onError: form.onError ?? (mask ? 'stop' : 'pass'),
      fade: form.fade ?? 1,
      hardware: form.hardware ?? 'none',
      memory: form.memory ?? 512 * 1024 ** 2,
      env: form.env ?? {},
      options: form.options ?? {},
    },
  };
}

/** Built-in hooks that write pixels do nothing in mode overlay, and a mask must be on every frame. */
function exposed({ mode, pick }: HookForm, runner: HookRunner): Problem | undefined {
  if (runner.by !== 'builtin' || !['privacy', 'gray'].includes(runner.name)) return undefined;
  const name = `relay:${runner.name}`;
  if (mode === 'overlay') {
    return {
      key: 'mode',
      message: `${name} needs mode: inline`,
      hint: 'in mode overlay the video flows on as it came',
    };
  }
  if (runner.name === 'gray' || !pick || (pick.by === 'every' && pick.frames === 1)) return undefined;
  return {
    key: 'pick',
    message: `${name} must see every frame`,
    hint: 'leave pick away: other frames would pass unmasked',
  };
}

function readRunner(form: HookForm, context: Context): HookRunner | Problem {
  if ('module' in form) return readModule(form.module, context);
  if ('http' in form) return readHttp(form, context);
  const [program = '', ...words] = form.command;
  const own = /^\.\.?[/\\]/.test(program);
  return { by: 'command', argv: [own ? resolve(context.dir, program) : program, ...words], dir: context.dir };
}

function readModule(text: string, { dir, report }: Context): HookRunner | Problem {
  const key = 'module';
  if (text.startsWith('relay:')) {
    const name = text.slice('relay:'.length);
    if ((builtinHooks as readonly string[]).includes(name)) return { by: 'builtin', name };
    const near = report.suggest(() => closest(name, builtinHooks));
    const all = `they are ${builtinHooks.map((each) => `relay:${each}`).join(', ')}`;
    return {
      key,
      message: `no hook ${quote(text)} comes along`,
      hint: near ? `did you mean ${quote(`relay:${near}`)}?` : all,
    };
  }
  if (/\.(ts|mts|js|mjs)$/.test(text) && !/^[A-Za-z][A-Za-z0-9+.-]+:/.test(text)) {
    return { by: 'module', file: resolve(dir, text) };
  }
  return {
    key,
    message: `expected a file that ends in .ts, .mts, .js or .mjs, relay:<name> or http://…, got ${quote(text)}`,
    hint: /\.[a-z]+$/.test(text)
      ? 'for a program in another language write { command: [python3, hook.py] }'
      : '',
  };
}

function readHttp(form: HttpForm, { api, report }: Context): HookRunner | Problem {
  const problem = urlProblem(form.http, ['http', 'https'], api);
  if (problem) return { key: 'http', ...problem };
  addUrlSecrets(report.secrets, form.http);
  const dialect: HttpDialect =
    form.dialect === 'kserve'
      ? {
          name: 'kserve',
          model: form.model,
          input: form.input,
          outputs: form.outputs as Extract<HttpDialect, { name: 'kserve' }>['outputs'],
          threshold: form.threshold ?? 0.5,
        }
      : { name: 'jpeg' };
  return { by: 'http', url: form.http, dialect, quality: form.quality ?? 80, inFlight: form.inFlight ?? 1 };
}
