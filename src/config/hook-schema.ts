/** `hook:` of a route as it may stand in relay.yaml. What it means is found out in read-hook.ts. */
import { z } from 'zod';
import { builtinHooks } from '../hooks/builtin/names.ts';
import { pixelFormats } from '../hooks/contract.ts';
import type { HttpDialect, Pick } from '../hooks/spec.ts';
import { byForm, choice, formOf } from './choice.ts';
import type { Path } from './diagnostic.ts';
import { elsewhere } from './explain.ts';
import { bytes, duration, size } from './values.ts';

const word = (description: string, example: string) =>
  z
    .string()
    .min(1)
    .max(256)
    .meta({ description, examples: [example] });

const everyNth = z.strictObject({
  every: z
    .number()
    .int()
    .min(1)
    .max(100_000)
    .transform((frames): Pick => ({ by: 'every', frames }))
    .meta({ description: 'Each n-th frame', examples: [5] }),
});
const perSecond = z.strictObject({
  fps: z
    .number()
    .min(0.01)
    .max(240)
    .transform((fps): Pick => ({ by: 'fps', fps }))
    .meta({ description: 'At most so many frames a second', examples: [2] }),
});
const keyFrames = z.strictObject({
  keyframes: z
    .literal(true)
    .transform((): Pick => ({ by: 'keyframes' }))
    .meta({ description: 'Key frames only' }),
});
const pickForms: Record<string, z.ZodType<Record<string, Pick>>> = {
  every: everyNth,
  fps: perSecond,
  keyframes: keyFrames,
};

const pick = choice(Object.values(pickForms), (value) => {
  const [kind, other] = formOf(value) === 'map' ? Object.keys(value as object) : [];
  const form = kind === undefined || other !== undefined ? undefined : pickForms[kind];
  return form ?? 'expected one of { every: 5 }, { fps: 2 }, { keyframes: true }';
}).transform((picked) => Object.values(picked)[0]!);

const envName = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

const env = z
  .record(z.string().meta({ pattern: envName.source }), z.string().max(8192))
  .superRefine((map, context) => {
    const names = Object.keys(map);
    if (names.length > 100) context.addIssue({ code: 'custom', message: 'must have at most 100 entries' });
    for (const name of names) {
      const message = !envName.test(name)
        ? 'a variable has letters, digits and _ in its name, and begins with no digit'
        : name.startsWith('RELAY_')
          ? 'variables that begin with RELAY_ are set by the gateway'
          : undefined;
      if (message) context.addIssue({ code: 'custom', message, path: [name] });
    }
  });

/** Any JSON; a plain copy of it, because maps of the file have no prototype. */
const options = z
  .record(z.string(), z.unknown())
  .superRefine((map, context) => {
    for (const path of notJson(map, [])) {
      context.addIssue({ code: 'custom', message: 'JSON has no such number', path: [...path] });
    }
  })
  .transform((map) => JSON.parse(JSON.stringify(map)) as Record<string, unknown>);

/** Places of .inf and .nan. The file nests at most 32 levels deep. */
function notJson(value: unknown, path: Path): Path[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    notJson(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

const common = {
  mode: z.enum(['inline', 'overlay']).optional().meta({
    description:
      'inline (default): what the hook answers is the video; overlay: the video flows at its full rate and the last answer is drawn on it',
    default: 'inline',
  }),
  format: z.enum(pixelFormats).optional().meta({
    description: 'Layout of the pixels; what the hook asks for unless told otherwise, else yuv420p',
  }),
  size: size
    .optional()
    .meta({ description: 'Frames are scaled to it before the hook sees them', examples: ['640x360'] }),
  pick: pick.optional().meta({
    description: 'Which frames the hook is shown; all unless told otherwise',
    examples: [{ every: 5 }, { fps: 2 }, { keyframes: true }],
  }),
  whenBehind: z.enum(['latest', 'drop-newest', 'block']).optional().meta({
    description:
      'When frames come faster than the hook: latest (default) keeps the newest frame, drop-newest the oldest, block waits (the stream falls behind)',
    default: 'latest',
  }),
  timeout: duration('20ms', '60s')
    .optional()
    .meta({ description: 'How long one frame may take', default: '1s', examples: ['200ms'] }),
  onError: z.enum(['pass', 'hold', 'stop']).optional().meta({
    description:
      'What viewers see while the hook fails: pass (default; relay:privacy: stop) the frame as it came, hold the last good picture, stop nothing',
    default: 'pass',
  }),
  fade: duration('50ms', '60s')
    .optional()
    .meta({
      description: 'Age at which a result of mode overlay is no longer drawn',
      default: '1s',
      examples: ['1s'],
    }),
  hardware: z.enum(['none', 'auto', 'vaapi', 'nvenc', 'qsv', 'videotoolbox']).optional().meta({
    description: 'Hardware that decodes and encodes; auto takes what works here, none (default) is software',
    default: 'none',
  }),
  memory: bytes('32M', '64G')
    .optional()
    .meta({
      description: "Memory that the hook's processes may hold; beyond it they are started anew",
      default: '512M',
      examples: ['512M', '2G'],
    }),
  env: env.optional().meta({
    description: "Environment variables of the hook's process",
    examples: [{ OMP_NUM_THREADS: '2' }],
  }),
  options: options
    .optional()
    .meta({ description: 'Anything, for the hook itself', examples: [{ threshold: 0.6 }] }),
};

const moduleText = word(
  `A TypeScript or JavaScript file, or one that comes along: ${builtinHooks.map((name) => `relay:${name}`).join(', ')}`,
  './hooks/people.ts',
);
const module = { module: moduleText };

const command = {
  command: z
    .array(z.string().max(8192), {
      error: ({ code }) =>
        code === 'invalid_type' ? 'expected a list of words such as [python3, hooks/people.py]' : undefined,
    })
    .min(1)
    .max(100)
    .refine((words) => words[0] !== '', 'the first word names the program')
    .meta({
      description: 'A program and its arguments, started in the folder of relay.yaml; no shell reads them',
      examples: [['python3', 'hooks/people.py']],
    }),
};

const httpText = z.string().meta({
  description: 'A server that gets frames by POST',
  pattern: '^https?://',
  examples: ['http://127.0.0.1:5000/detect'],
});
const http = {
  http: httpText,
  quality: z
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Quality of the JPEG', default: 80, examples: [80] }),
  inFlight: z
    .number()
    .int()
    .min(1)
    .max(16)
    .optional()
    .meta({ description: 'Requests that may be under way at once', default: 1, examples: [2] }),
};
const dialect = <Name extends HttpDialect['name']>(names: readonly [Name, ...Name[]]) =>
  z.enum(names).meta({
    description:
      'jpeg (default): a JPEG, answered by an image or JSON; kserve: the open inference protocol v2 (KServe, Triton)',
    default: 'jpeg',
  });
const tensor = (what: string, example: string) =>
  word(`Name of the output tensor with ${what}`, example).optional();
const kserve = {
  model: word('Name of the model', 'yolo').regex(/^[\w.-]+$/, 'expected the name of a model'),
  input: word('Name of the input tensor', 'images'),
  outputs: z
    .strictObject({
      boxes: tensor('boxes, N×4: x1 y1 x2 y2', 'boxes'),
      scores: tensor('scores, N', 'scores'),
      labels: tensor('labels, N', 'labels'),
    })
    .refine((outputs) => Object.keys(outputs).length > 0, 'expected at least one of boxes, scores, labels')
    .meta({ description: 'Names of the output tensors, at least one' }),
  threshold: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta({ description: 'Boxes below this score are not drawn', default: 0.5, examples: [0.5] }),
};

/** Keys that another form has. */
const others = (shape: object, where: string) =>
  Object.fromEntries(Object.keys(shape).map((key) => [key, elsewhere(`goes with ${where} only`)]));

const { http: _, ...httpKeys } = { ...http, dialect, ...kserve };

/** Each form as it is written, and what is said about the keys of the others. */
const forms = {
  module: { form: z.strictObject({ ...module, ...common }), besides: others(httpKeys, 'http') },
  command: { form: z.strictObject({ ...command, ...common }), besides: others(httpKeys, 'http') },
  jpeg: {
    form: z.strictObject({ ...http, dialect: dialect(['jpeg']).optional(), ...common }),
    besides: { ...others(kserve, 'dialect: kserve'), dialect: dialect(['jpeg', 'kserve']).optional() },
  },
  kserve: {
    form: z.strictObject({ ...http, dialect: dialect(['kserve']), ...kserve, ...common }),
    besides: {},
  },
} as const;

type HookForm = z.output<(typeof forms)[keyof typeof forms]['form']>;
export type HttpForm = Extract<HookForm, { http: string }>;

const runners = ['module', 'command', 'http'];

const long = choice<HookForm>(
  Object.values(forms).map(({ form }) => form),
  (value) => {
    const keys = Object.keys(value as object);
    const [runner, other] = runners.filter((key) => keys.includes(key));
    if (runner === undefined) return `names nothing to run: one of the keys ${runners.join(', ')} is needed`;
    if (other !== undefined) return `names two things to run at once: ${runner} and ${other}`;
    const kind = (value as { dialect?: unknown }).dialect === 'kserve' ? 'kserve' : 'jpeg';
    const { form, besides } = forms[runner === 'http' ? kind : (runner as 'module' | 'command')];
    return form.extend(besides) as unknown as z.ZodType<HookForm>;
  },
);

/** The short forms are told apart by how they begin. */
const short = z
  .string()
  .min(1)
  .transform((text): HookForm => (/^https?:/i.test(text) ? { http: text } : { module: text }))
  .meta({
    description: `${moduleText.meta()?.description}, or the URL of a server that gets frames by POST`,
    examples: ['./hooks/people.ts', 'relay:motion', 'http://127.0.0.1:5000/detect'],
  });

export const hook = byForm<HookForm>(
  { text: short, map: long },
  'a file, relay:<name>, a URL, or { module: … }, { command: […] }, { http: … }',
)
  .optional()
  .meta({ description: 'User code that sees the frames of this route' });

export type { HookForm };
