/** Files cut around events: what was before one is in it too. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { byForm } from '../../config/choice.ts';
import { present } from '../../config/present.ts';
import { duration, eventName } from '../../config/values.ts';
import type { ClipsSpec } from '../../record/types.ts';
import { files } from './disk.ts';
import { defineSink } from './sink.ts';

export type ClipsSink = ClipsSpec;

const usual = { before: 5, after: 5, longest: 120 };

const schema = z
  .strictObject({
    ...files,
    on: byForm<string | string[]>(
      { text: eventName, list: z.array(eventName).min(1).max(100) },
      'the name of an event, or a list of names',
    )
      .optional()
      .meta({
        description:
          'Events that make a clip, from hooks, the API or `relay event`; all unless told otherwise',
        examples: ['person', ['person', 'car']],
      }),
    before: duration('0s', '5m')
      .optional()
      .meta({ description: 'What a clip has of the time before its event', default: '5s', examples: ['5s'] }),
    after: duration('0s', '10m')
      .optional()
      .meta({ description: 'What a clip has of the time after its event', default: '5s', examples: ['5s'] }),
    atMostEvery: duration('0s', '24h')
      .optional()
      .meta({
        description:
          'Time between the starts of two clips of events of one name; what comes sooner makes none',
        default: '0s',
        examples: ['1m'],
      }),
    overlap: z.enum(['merge', 'split']).optional().meta({
      description: 'Events whose clips would overlap: one longer clip (merge, default), or one each (split)',
      default: 'merge',
    }),
    longest: duration('1s', '1h')
      .optional()
      .meta({ description: 'A merged clip ends here at the latest', default: '2m', examples: ['2m'] }),
  })
  .superRefine(({ before = usual.before, after = usual.after, longest }, context) => {
    if (before + after === 0)
      context.addIssue({ code: 'custom', message: 'before and after can not both be 0', path: ['after'] });
    if (longest !== undefined && longest < before + after) {
      const message = `must be at least before and after together: ${before + after}s`;
      context.addIssue({ code: 'custom', message, path: ['longest'] });
    }
  });

export const clips = defineSink<ClipsSink, typeof schema>({
  kind: 'clips',
  summary: 'Files cut around events',
  schema,
  resolve(value, context) {
    const { dir, on = [], before = usual.before, after = usual.after } = value;
    const { atMostEvery = 0, overlap = 'merge', keep, maxSize, reserve } = value;
    return {
      kind: 'clips',
      dir: resolve(context.dir, dir),
      on: typeof on === 'string' ? [on] : on,
      before,
      after,
      atMostEvery,
      overlap,
      longest: value.longest ?? Math.max(usual.longest, before + after),
      ...present({ keep, maxSize, reserve }),
    };
  },
});
