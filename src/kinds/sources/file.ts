/** A media file, played at its own speed, once or for ever. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { defineSource } from './source.ts';

export interface FileSource {
  kind: 'file';
  /** Absolute. */
  file: string;
  loop: boolean;
}

export const file = defineSource<FileSource>({
  kind: 'file',
  summary: 'a media file, played at its own speed',
  schema: z.strictObject({
    file: z.string().min(1).describe('File name; relative to the folder of relay.yaml'),
    loop: z.boolean().optional().describe('true: start over at the end; false (default): play once'),
  }),
  resolve(value: { file: string; loop?: boolean }, { dir }) {
    return { kind: 'file', file: resolve(dir, value.file), loop: value.loop ?? false };
  },
  probe(source) {
    return { args: ['-protocol_whitelist', 'file,crypto', '-i', `file:${source.file}`], network: false };
  },
  input(source, media) {
    const loop = source.loop ? ['-stream_loop', '-1'] : [];
    return {
      args: ['-re', ...loop, '-protocol_whitelist', 'file,crypto', '-i', `file:${source.file}`],
      ...(media.tracks.some((track) => track.type === 'video') && { video: '0:v:0' }),
      ...(media.tracks.some((track) => track.type === 'audio') && { audio: '0:a:0' }),
    };
  },
});
