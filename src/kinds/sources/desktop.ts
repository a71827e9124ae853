/** A screen: X11 by x11grab, Windows by gdigrab, macOS by avfoundation. */
import { z } from 'zod';
import { audio, capture, capturedMedia, size } from './capture.ts';
import { defineSource } from './source.ts';

export interface DesktopSource {
  kind: 'desktop';
  /** X11 display (":0.0", ":1+100,200"), "desktop" or "title=…" on Windows, the screen's index on macOS. */
  desktop: string;
  fps: number;
  size?: string;
  audio?: string;
}

const display =
  /^([A-Za-z0-9._-]*:[0-9]+(\.[0-9]+)?(\+[0-9]+,[0-9]+)?|desktop|title=[^\p{Cc}"]{1,200}|[0-9]{1,2})$/u;
export const desktop = defineSource<DesktopSource>({
  kind: 'desktop',
  summary: 'a screen, with or without sound',
  schema: z.strictObject({
    desktop: z
      .string()
      .regex(display, 'expected a display such as ":0.0"')
      .describe('":0.0" on Linux, "desktop" on Windows, "1" on macOS'),
    fps: z.number().min(1).max(120).optional().describe('Frames a second; 15 unless told otherwise'),
    size: size.optional().describe('Part of the screen that is taken; all of it unless told otherwise'),
    audio: audio.optional().describe('Sound device, e.g. default'),
  }),
  resolve(value: { desktop: string; fps?: number; size?: string; audio?: string | false }) {
    return {
      kind: 'desktop',
      desktop: value.desktop,
      fps: value.fps ?? 15,
      ...(value.size !== undefined && { size: value.size }),
      ...(value.audio && { audio: value.audio }),
    };
  },
  media: (source) => capturedMedia(source.fps, source.audio),
  input(source, _media, tools) {
    const rate = ['-framerate', String(source.fps)];
    const area = source.size ? ['-video_size', source.size] : [];
    const picture = {
      linux: ['-f', 'x11grab', ...rate, ...area, '-i', source.desktop],
      win32: ['-f', 'gdigrab', ...rate, ...area, '-i', source.desktop],
      darwin: ['-f', 'avfoundation', ...rate, '-capture_cursor', '1', '-i', `${source.desktop}:none`],
    };
    return capture(picture, source.audio, tools);
  },
});
