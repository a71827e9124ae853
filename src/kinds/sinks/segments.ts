/** A continuous recording, cut into files of one length without losing a frame between them. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { present } from '../../config/present.ts';
import { duration } from '../../config/values.ts';
import type { SegmentsSpec } from '../../record/types.ts';
import { fileName, files } from './disk.ts';
import { defineSink } from './sink.ts';

export type SegmentsSink = SegmentsSpec;

const schema = z.strictObject({
  ...files,
  // What is not cut yet is in the recorder's memory, packet by packet, and in the ring.
  every: duration('1s', '1h')
    .optional()
    .meta({
      description: 'Length of each file: it ends at the first key frame from there on',
      default: '60s',
      examples: ['5s', '10m'],
    }),
  name: fileName,
  format: z.enum(['fmp4', 'mpegts', 'mkv']).optional().meta({
    description: 'fmp4 (default): MP4 that plays in browsers and is whole at any time; mpegts; mkv',
    default: 'fmp4',
  }),
});

export const segments = defineSink<SegmentsSink, typeof schema>({
  kind: 'segments',
  summary: 'A continuous recording in files of one length',
  schema,
  resolve({ dir, every = 60, name = '{unix}', format = 'fmp4', ...rest }, context) {
    return { kind: 'segments', dir: resolve(context.dir, dir), every, name, format, ...present(rest) };
  },
});
