/** The messages of the wire, and the check of all that comes from a hook. */
import { z } from 'zod';
import { anything, event, events, overlay, shortText as text } from '../answer-schema.ts';
import { pixelFormats } from '../contract.ts';
import { type Message, type WIRE_VERSION, WireError } from './codec.ts';
import type { PictureLayout } from './layout.ts';

/** Worker → hook. The hook speaks first, so that a stranger on the socket is told nothing. */
export type ToHook =
  | {
      type: 'hello';
      version: typeof WIRE_VERSION;
      route: string;
      mode: 'inline' | 'overlay';
      options: Record<string, unknown>;
      /** What relay.yaml asks for; otherwise frames come as the hook's hello says. */
      format?: string;
      size?: { width: number; height: number };
    }
  /** Pixels may come by this file once the hook has answered `mapped`; it is removed then. */
  | { type: 'memory'; file: string; bytes: number }
  | FrameMessage
  | { type: 'stop' };

export interface FrameMessage extends PictureLayout {
  type: 'frame';
  sequence: number;
  /** Decimal: it may be beyond what a number holds. */
  pts: string;
  timeBase: { num: number; den: number };
  timestamp: number;
  wallClock: number;
  keyFrame: boolean;
  /** Bytes of pixels. */
  bytes: number;
  /** Where they are in the shared memory, and the bytes that an answer may use there. Absent: in the payload. */
  memory?: { offset: number; bytes: number };
}

const side = z.int().min(1).max(8192);
const size = z.object({ width: side, height: side });
const sequence = z.int().min(0);
const format = z.enum(pixelFormats);
const nth = z
  .int()
  .min(0)
  .max(2 ** 31);

const result = z.object({
  sequence,
  /** Layout of the pixels that take the frame's place; absent: that of the frame as it was sent. */
  picture: z
    .object({ format, ...size.shape, planes: z.array(z.object({ offset: nth, stride: nth })).max(4) })
    .optional(),
  /** They are in the frame's own place in shared memory; otherwise in the payload. */
  memory: z.boolean().optional(),
  drop: z.boolean().optional(),
  overlay: overlay.optional(),
  events: events.optional(),
  meta: anything.optional(),
  error: z.string().max(10_000).optional(),
});

const fromHook = {
  hello: z.object({
    version: z.int(),
    name: text.optional(),
    format: format.optional(),
    size: size.optional(),
    /** Frames that it takes before it has answered the first. */
    credits: z.int().min(1).max(16).default(1),
    memory: z.boolean().default(false),
    /** Where the socket is open to everybody on the machine (TCP). */
    token: z.string().max(200).optional(),
  }),
  ready: z.object({}),
  mapped: z.object({ file: z.string().max(4096), ok: z.boolean() }),
  result,
  event,
  log: z.object({
    level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    message: z.string().max(10_000),
  }),
  failed: z.object({ message: z.string().max(10_000) }),
};

type Kind = keyof typeof fromHook;
export type FromHook = { [K in Kind]: { type: K } & z.output<(typeof fromHook)[K]> }[Kind];
export type Hello = Extract<FromHook, { type: 'hello' }>;
export type Result = Extract<FromHook, { type: 'result' }>;
/** A result that can't be used, for a frame that can be told. */
export interface BadResult {
  type: 'bad-result';
  sequence: number;
  error: string;
}

/** Throws WireError for what says nothing; a result with wrong fields costs its frame only. */
export function readMessage({ header, payload }: Message): FromHook | BadResult {
  const { type, ...fields } = header;
  if (!Object.hasOwn(fromHook, type)) throw new WireError(`a message of type ${short(type)}`);
  const kind = type as Kind;
  if (payload.length > 0 && kind !== 'result') throw new WireError(`a payload in ${kind}`);
  const read = fromHook[kind].safeParse(fields);
  if (read.success) return { type: kind, ...read.data } as FromHook;
  const [issue] = read.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  const problem = `${kind}: ${where}${issue?.message ?? 'not understood'}`;
  const number = sequence.safeParse(fields['sequence']);
  if (kind !== 'result' || !number.success) throw new WireError(problem);
  return { type: 'bad-result', sequence: number.data, error: problem };
}

function short(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
