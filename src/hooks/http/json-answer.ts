/** What a server may answer in JSON, checked field by field: the fields of HookResult, and `state`. */
import { z } from 'zod';
import type { Answer } from '../adapter.ts';
import { anything, eventName, events, overlay } from '../answer-schema.ts';
import type { Overlay } from '../contract.ts';

const answer = z
  .object({
    ...overlay.shape,
    overlay,
    drop: z.boolean(),
    event: eventName,
    data: anything.optional(),
    events,
    meta: anything.optional(),
    state: anything.optional(),
  })
  .partial();

/** Throws with the field that is wrong. Fields that it doesn't know are left out, unless it knows none. */
export function readJsonAnswer(value: unknown): Answer {
  const read = answer.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? 'the answer' : issue.path.join('.');
    throw new Error(`${where}: ${issue?.message ?? 'not understood'}`);
  }
  const found = Object.keys(value as object);
  if (found.length > 0 && !found.some((key) => Object.hasOwn(answer.shape, key))) {
    const known = Object.keys(answer.shape).join(', ');
    throw new Error(`an answer with none of the fields ${known}`);
  }
  const { boxes, labels, masks, drop, event, data, events = [], meta, state } = read.data;
  const drawn = { ...read.data.overlay, ...defined({ boxes, labels, masks }) } as Overlay;
  const all = event === undefined ? events : [{ name: event, data }, ...events];
  return {
    ...(Object.keys(drawn).length === 0 ? {} : { overlay: drawn }),
    ...(drop === undefined ? {} : { drop }),
    ...(all.length === 0 ? {} : { events: all }),
    ...(meta === undefined && state === undefined ? {} : { meta: meta === undefined ? { state } : meta }),
  };
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
