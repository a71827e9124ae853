/** Pictures as JPEG files: each so often, each n-th, or the key frames. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { choice, formOf } from '../../config/choice.ts';
import { present } from '../../config/present.ts';
import { duration, size } from '../../config/values.ts';
import type { SnapshotsSpec } from '../../record/types.ts';
import { fileName, files } from './disk.ts';
import { defineSink } from './sink.ts';

export type SnapshotsSink = SnapshotsSpec;

type Every = SnapshotsSink['every'];

const keyFrames = z.literal('keyframes').transform((): Every => ({ by: 'keyframes' }));
const period = duration('100ms', '24h').transform((seconds): Every => ({ by: 'time', seconds }));
const nth = z
  .strictObject({
    frames: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .meta({ description: 'Each n-th picture', examples: [250] }),
  })
  .transform(({ frames }): Every => ({ by: 'frames', frames }));

const expected = 'expected one of 10s, { frames: 250 }, keyframes';

const schema = z.strictObject({
  ...files,
  every: choice<Every>([period, keyFrames, nth], (value) => {
    if (formOf(value) === 'map') return nth;
    if (formOf(value) !== 'text') return expected;
    if (value === 'keyframes') return keyFrames;
    return /^\d/.test(value as string) ? period : expected;
  })
    .optional()
    .meta({
      description: 'Time between two pictures, each n-th picture, or key frames only, which costs least',
      default: '10s',
      examples: ['10s', { frames: 250 }, 'keyframes'],
    }),
  quality: z
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Quality of the JPEG', default: 80, examples: [80] }),
  size: size
    .optional()
    .meta({ description: 'Width and height; as the picture unless told otherwise', examples: ['640x360'] }),
  latest: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.jpe?g$/, 'expected a file name such as lobby.jpg')
    .optional()
    .meta({ description: 'A file in the folder that always is the newest picture', examples: ['lobby.jpg'] }),
  name: fileName,
});

export const snapshots = defineSink<SnapshotsSink, typeof schema>({
  kind: 'snapshots',
  summary: 'Pictures as JPEG files',
  schema,
  resolve({ dir, every = { by: 'time', seconds: 10 }, quality = 80, name = '{unix}', ...rest }, context) {
    return { kind: 'snapshots', dir: resolve(context.dir, dir), every, quality, name, ...present(rest) };
  },
});
