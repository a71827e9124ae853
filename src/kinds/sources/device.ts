/** A camera or capture card of this machine: v4l2 and ALSA, dshow, avfoundation. */
import { z } from 'zod';
import { audio, capture, capturedMedia, size } from './capture.ts';
import { defineSource } from './source.ts';

export interface DeviceSource {
  kind: 'device';
  /** "/dev/video0" on Linux, the device's name on Windows, its index or name on macOS. */
  device: string;
  fps?: number;
  size?: string;
  /** Pixel format or codec that the device is asked for, e.g. mjpeg, yuyv422. */
  format?: string;
  audio?: string;
}

/** No option can hide in it, and none of the separators of the capture formats. */
const deviceName = /^[A-Za-z0-9_/@{][A-Za-z0-9 _/.,+@{}()#=-]{0,255}$/;

export const device = defineSource<DeviceSource>({
  kind: 'device',
  summary: 'a camera or capture card of this machine',
  schema: z.strictObject({
    device: z
      .string()
      .regex(deviceName, 'expected a device such as /dev/video0')
      .describe('"/dev/video0" on Linux, the name on Windows, the index on macOS'),
    fps: z.number().min(1).max(240).optional().describe('Frames a second that the device is asked for'),
    size: size.optional().describe('Size that the device is asked for'),
    format: z
      .string()
      .regex(/^[a-z0-9_]{2,20}$/, 'expected a format such as mjpeg')
      .optional()
      .describe('Pixel format or codec that the device is asked for, e.g. mjpeg'),
    audio: audio.optional().describe('Sound device, e.g. hw:1'),
  }),
  resolve(value: { device: string; fps?: number; size?: string; format?: string; audio?: string | false }) {
    const { audio: sound, ...rest } = value;
    return { kind: 'device', ...rest, ...(sound && { audio: sound }) };
  },
  media: (source) => capturedMedia(source.fps ?? 25, source.audio),
  input(source, _media, tools) {
    const rate = source.fps ? ['-framerate', String(source.fps)] : [];
    const area = source.size ? ['-video_size', source.size] : [];
    const linuxFormat = source.format ? ['-input_format', source.format] : [];
    const otherFormat = source.format ? ['-pixel_format', source.format] : [];
    const picture = {
      linux: ['-f', 'v4l2', ...linuxFormat, ...rate, ...area, '-i', source.device],
      win32: ['-f', 'dshow', ...otherFormat, ...rate, ...area, '-i', `video=${source.device}`],
      darwin: ['-f', 'avfoundation', ...otherFormat, ...rate, ...area, '-i', `${source.device}:none`],
    };
    return capture(picture, source.audio, tools);
  },
});
