/** One recording for each run of the gateway: a file that grows, playable at any time. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { byForm } from '../../config/choice.ts';
import { present } from '../../config/present.ts';
import type { FileSpec } from '../../record/types.ts';
import { room } from './disk.ts';
import { defineSink } from './sink.ts';

export type FileSink = FileSpec;

const path = z
  .string()
  .max(1024)
  .regex(/[^/\\]\.(mp4|mkv|ts)$/, 'expected a file name that ends in .mp4, .mkv or .ts')
  .meta({
    description: 'File name, ending in .mp4, .mkv or .ts; relative to the folder of relay.yaml',
    examples: ['recordings/lobby.mp4'],
  });

const long = z.strictObject({ path, ...room });

const schema = byForm<z.output<typeof long>>(
  { text: path.transform((text) => ({ path: text })), map: long },
  'a file name, or { path: … }',
);

export const file = defineSink<FileSink, typeof schema>({
  kind: 'file',
  summary: 'One recording for each run of the gateway',
  schema,
  resolve({ path: name, ...rest }, context) {
    return { kind: 'file', path: resolve(context.dir, name), ...present(rest) };
  },
});
