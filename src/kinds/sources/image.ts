/** A still picture as a live stream: slates, notices, placeholders. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { defineSource } from './source.ts';

export interface ImageSource {
  kind: 'image';
  /** Absolute. */
  image: string;
  fps: number;
}

export const image = defineSource<ImageSource>({
  kind: 'image',
  summary: 'a still picture (PNG, JPEG, …) as a live stream',
  schema: z.strictObject({
    image: z.string().min(1).describe('File name; relative to the folder of relay.yaml'),
    fps: z.number().min(1).max(60).optional().describe('Frames a second; 5 unless told otherwise'),
  }),
  resolve(value: { image: string; fps?: number }, { dir }) {
    return { kind: 'image', image: resolve(dir, value.image), fps: value.fps ?? 5 };
  },
  probe(source) {
    return { args: pattern(source), network: false };
  },
  input(source) {
    return {
      args: ['-re', '-loop', '1', '-framerate', String(source.fps), ...pattern(source)],
      video: '0:v:0',
    };
  },
});

/** Without a pattern type a `%` in the name would mean a numbered series. */
function pattern(source: ImageSource): string[] {
  return [
    '-f',
    'image2',
    '-pattern_type',
    'none',
    '-protocol_whitelist',
    'file',
    '-i',
    `file:${source.image}`,
  ];
}
