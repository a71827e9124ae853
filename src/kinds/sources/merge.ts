/** The picture of one route and the sound of another, put on one clock. */
import { z } from 'zod';
import { defineSource } from './source.ts';

export interface MergeSource {
  kind: 'merge';
  /** A route, or `<route>/video`. */
  video: string;
  /** A route, or `<route>/audio`. */
  audio: string;
}

export const merge = defineSource<MergeSource>({
  kind: 'merge',
  summary: 'the picture of one route and the sound of another',
  schema: z.strictObject({
    merge: z
      .strictObject({
        video: z.string().describe('Where the picture comes from: a route, or <route>/video'),
        audio: z.string().describe('Where the sound comes from: a route, or <route>/audio'),
      })
      .describe('Picture and sound of two routes'),
  }),
  resolve(value: { merge: { video: string; audio: string } }) {
    return { kind: 'merge', ...value.merge };
  },
});
