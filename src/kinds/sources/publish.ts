/** A path that waits for somebody to publish to it: OBS, a phone, another program. */
import { z } from 'zod';
import { defineSource } from './source.ts';

export interface PublishSource {
  kind: 'publish';
  /** Path on the server; undefined: the source's own name. */
  path?: string;
}

export const publish = defineSource<PublishSource>({
  kind: 'publish',
  summary: 'waits for somebody to publish to it',
  schema: z.strictObject({
    publish: z
      .union([z.literal(true), z.string()])
      .describe("true: the path of the source's own name; or a path"),
  }),
  resolve(value: { publish: true | string }) {
    return { kind: 'publish', ...(value.publish !== true && { path: value.publish }) };
  },
});
