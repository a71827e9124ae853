/** The shape of relay.yaml: the one source of what is allowed, for the loader, the JSON Schema and editors. */
import { z } from 'zod';
import { type DiskSink, diskSinks } from '../kinds/sinks/index.ts';
import { type Source, sourceKinds } from '../kinds/sources/index.ts';
import { sourceSchemes } from '../kinds/sources/url.ts';
import { byForm, choice, formOf } from './choice.ts';
import { closest } from './closest.ts';
import type { Address } from './config.ts';
import { quote } from './diagnostic.ts';
import { notYet } from './explain.ts';
import { hook } from './hook-schema.ts';
import { audio, video } from './media-schema.ts';
import { address, duration, name, namePattern } from './values.ts';

const listen = (summary: string, usual: string | false) =>
  byForm<Address | false>(
    { text: address, switch: z.literal(false) },
    'an address such as "127.0.0.1:8554" (":8554" listens on every interface), or false',
  )
    .optional()
    .meta({
      description: `${summary} Default: ${usual}`,
      default: usual,
      examples: [usual || '127.0.0.1:8890', false],
    });

const user = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'a user name has letters, digits, _ . and -')
    // To the media server this name means everybody, without a password.
    .refine((text) => text !== 'any', '"any" can not be a user name')
    .meta({ description: 'Name that players and publishers log in with', examples: ['viewer'] }),
  password: z
    .string()
    .min(1)
    .max(256)
    // The server splits user and password at the last colon, which RTSP players do not.
    .refine(
      (text) => !text.includes(':'),
      'a password can not hold ":": RTSP players could not log in with it',
    )
    .meta({ description: 'Password, best from the environment', examples: ['${VIEWER_PASS}'] }),
  read: byForm<true | string[]>({ switch: z.literal(true), list: z.array(name) }, 'true or a list of paths')
    .optional()
    .meta({
      description: 'Paths that this user may read: true (default) is all',
      default: true,
      examples: [true, ['lobby']],
    }),
  publish: byForm<boolean | string[]>(
    { switch: z.boolean(), list: z.array(name) },
    'true, false or a list of paths',
  )
    .optional()
    .meta({
      description: 'Paths of `publish` sources that this user may publish to; false (default) is none',
      default: false,
      examples: [false, ['obs']],
    }),
});

export const server = z
  .strictObject({
    driver: choice([z.enum(['mediamtx', 'node-media-server'])], (value) =>
      value === 'external' ? notYet('external') : z.enum(['mediamtx', 'node-media-server']),
    )
      .optional()
      .meta({
        description:
          'The media server: mediamtx (default), or node-media-server (RTMP and HTTP-FLV only, pure JavaScript)',
        default: 'mediamtx',
      }),
    rtsp: listen('Where RTSP players connect.', '127.0.0.1:8554'),
    rtmp: listen('Where RTMP players and publishers connect.', '127.0.0.1:1935'),
    hls: listen('Where HLS players and browsers connect.', '127.0.0.1:8888'),
    webrtc: listen('Where WebRTC players and browsers connect.', '127.0.0.1:8889'),
    srt: listen('Where SRT players connect.', false),
    users: z.array(user).min(1).max(1000).optional().meta({
      description: 'Who may read and publish. Required before anything listens on more than 127.0.0.1',
    }),
    binary: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'The mediamtx program; found by itself unless told otherwise',
        examples: ['/opt/mediamtx'],
      }),
  })
  .meta({ description: 'The media server that runs under supervision; everything has a default' });

const tool = (program: string) =>
  z
    .string()
    .min(1)
    .optional()
    .meta({
      description: `The ${program} program; found by itself unless told otherwise`,
      examples: [`/usr/bin/${program}`],
    });

const sinkText = z.string().meta({
  description: 'A path on the server, or the URL of a remote server',
  examples: ['lobby/marked', 'rtmp://live.example/app/${STREAM_KEY}'],
});

/** A sink on disk as the file has it: the name of its kind, and what stands behind it. */
export type DiskForm = { [Kind in DiskSink['kind']]?: unknown };

const diskKinds = Object.keys(diskSinks) as DiskSink['kind'][];
const diskForms = Object.fromEntries(
  diskKinds.map((kind) => {
    const { schema, summary } = diskSinks[kind];
    return [kind, z.strictObject({ [kind]: schema.describe(summary) })];
  }),
) as unknown as Record<DiskSink['kind'], z.ZodType<DiskForm>>;

const sink = choice<string | DiskForm>([sinkText, ...Object.values(diskForms)], (value) => {
  if (formOf(value) === 'text') return sinkText;
  const forms = diskKinds.map((kind) => `{ ${kind}: … }`).join(', ');
  if (formOf(value) !== 'map') return `expected a path, the URL of a remote server or one of ${forms}`;
  const keys = Object.keys(value as object);
  const [kind, other] = diskKinds.filter((each) => keys.includes(each));
  if (kind && other) return `is of two kinds at once: ${kind} and ${other}`;
  if (kind) return diskForms[kind];
  const near = nearest(keys, diskKinds);
  return `is no sink that there is; ${near}one of these keys says what it is: ${diskKinds.join(', ')}`;
});

const to = choice<string | DiskForm | (string | DiskForm)[]>([sink, z.array(sink).min(1).max(32)], (value) =>
  Array.isArray(value) ? z.array(sink).min(1).max(32) : sink,
)
  .optional()
  .transform((value) => (value === undefined || Array.isArray(value) ? value : [value]))
  .meta({
    description:
      "Where the route ends: paths, remote servers and files. Default, and besides what is no path: the path of the route's own name",
    examples: [
      'lobby/marked',
      [
        'lobby',
        'rtmp://live.example/app/${STREAM_KEY}',
        { segments: { dir: 'recordings/lobby', every: '5s', keep: '7d' } },
      ],
    ],
  });

/** "did you mean …? " for the first key that is nearly one of these. */
function nearest(keys: string[], names: readonly string[]): string {
  const near = keys
    .slice(0, 5)
    .map((key) => closest(key, names))
    .find((found) => found !== undefined);
  return near ? `did you mean ${quote(near)}? ` : '';
}

const from = z
  .string()
  .min(1)
  .meta({ description: 'A source, or another route', examples: ['lobby'] });

export const routeMap = z
  .strictObject({
    from,
    split: z.boolean().optional().meta({
      description: 'true: also serves <route>/video and <route>/audio, on one clock',
      default: false,
    }),
    hook,
    video,
    audio,
    to,
  })
  .meta({ description: 'One way from a source to where it is served' });

/** A route of the file in either form. */
const route = byForm(
  {
    text: from.transform((text): z.output<typeof routeMap> => ({ from: text, to: undefined })),
    map: routeMap,
  },
  'the name of a source, or { from: … }',
);

const kinds = Object.keys(sourceKinds) as Source['kind'][];

const urlText = z.string().meta({
  description: 'A stream on a network',
  pattern: `^(${sourceSchemes.join('|')})://`,
  examples: ['rtsp://admin:${LOBBY_PASS}@192.0.2.10/stream1'],
});

/** A source of the file in its long form, checked by its kind. */
export const source = choice<unknown>(
  [urlText, ...kinds.map((kind) => sourceKinds[kind].schema.describe(sourceKinds[kind].summary))],
  (value) => {
    if (formOf(value) === 'text') return urlText.transform((url) => ({ url }));
    if (formOf(value) !== 'map')
      return `expected a URL or one of ${kinds.map((kind) => `{ ${kind}: … }`).join(', ')}`;
    const keys = Object.keys(value as object);
    const [kind, other] = kinds.filter((each) => keys.includes(each));
    if (kind && other) return `is of two kinds at once: ${kind} and ${other}`;
    if (kind) return sourceKinds[kind].schema;
    return `has no kind; ${nearest(keys, kinds)}one of these keys says what it is: ${kinds.join(', ')}`;
  },
);

/** How many entries a map may have. */
export const most = 1000;

const named = <Value extends z.ZodType>(value: Value, description: string) =>
  z
    .record(z.string().meta({ pattern: namePattern.source }), value)
    .meta({ description, maxProperties: most });

export const file = z
  .strictObject({
    server: server.optional(),
    tools: z
      .strictObject({ ffmpeg: tool('ffmpeg'), ffprobe: tool('ffprobe') })
      .optional()
      .meta({ description: 'Programs that the gateway uses' }),
    api: z
      .strictObject({ listen: listen('Where the HTTP API listens, on this machine only.', '127.0.0.1:9980') })
      .optional()
      .meta({ description: 'The HTTP API of the gateway' }),
    stall: duration('3s', '60s')
      .optional()
      .meta({
        description: 'A process whose media stands still for this long is restarted',
        default: '5s',
        examples: ['5s', '10s'],
      }),
    sources: named(source, 'What comes in: a name maps to a URL or to one object').optional(),
    routes: named(route, 'What goes out: a route serves the path of its own name unless `to` says otherwise'),
  })
  .meta({ title: 'relay.yaml', description: 'Configuration of Relay Gateway' });
