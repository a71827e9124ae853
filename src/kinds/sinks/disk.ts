/** What all sinks on disk share: where files go, what they are called, how long they stay. */
import { z } from 'zod';
import { bytes, duration } from '../../config/values.ts';
import { nameProblem } from '../../record/names.ts';

const amount = (usual: string) => bytes('1K', '1000T', usual);

/** Keys that every kind has. */
export const room = {
  reserve: amount('500M')
    .optional()
    .meta({
      description:
        'Bytes that stay free on the disk: nothing is written beyond. Default: 5 % of it, at most 1G',
      examples: ['2G'],
    }),
};

/** Keys of kinds that write many files. */
export const files = {
  dir: z
    .string()
    .min(1)
    .max(1024)
    .meta({ description: 'Folder; relative to the folder of relay.yaml', examples: ['recordings/lobby'] }),
  keep: duration('1s', '36500d')
    .optional()
    .meta({
      description: 'Files older than this are removed; kept for ever unless told otherwise',
      examples: ['7d', '12h'],
    }),
  maxSize: amount('50G')
    .optional()
    .meta({
      description: 'Bytes that these files may take together: the oldest go first',
      examples: ['500M', '50G'],
    }),
  ...room,
};

/** The name of each file, without extension. */
export const fileName = z
  .string()
  .superRefine((text, context) => {
    const message = nameProblem(text);
    if (message) context.addIssue({ code: 'custom', message });
  })
  .optional()
  .meta({
    description:
      'Name of each file, without extension: {unix} and {utc} are the time of its first picture, {route} the route, {seq} a number that counts up, / begins a folder',
    default: '{unix}',
    examples: ['{unix}', '{route}-{utc}'],
  });
