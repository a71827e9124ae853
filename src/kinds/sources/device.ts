/** A camera or capture card of this machine: v4l2 and ALSA, dshow, avfoundation. */
import { z } from 'zod';
import { deviceName, soundInput } from './capture.ts';
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

const sound = /^[A-Za-z0-9_][A-Za-z0-9 _.,:()-]{0,255}$/;

export const device = defineSource<DeviceSource>({
  kind: 'device',
  summary: 'a camera or capture card of this machine',
  schema: z.strictObject({
    device: z
      .string()
      .regex(deviceName, 'expected a device such as /dev/video0')
      .describe('"/dev/video0" on Linux, the name on Windows, the index on macOS'),
    fps: z.number().min(1).max(240).optional().describe('Frames a second that the device is asked for'),
    size: z
      .string()
      .regex(/^[1-9]\d{1,4}x[1-9]\d{1,4}$/, 'expected a size such as 1280x720')
      .optional()
      .describe('Size that the device is asked for'),
    format: z
      .string()
      .regex(/^[a-z0-9_]{2,20}$/, 'expected a format such as mjpeg')
      .optional()
      .describe('Pixel format or codec that the device is asked for, e.g. mjpeg'),
    audio: z
      .union([z.string().regex(sound, 'expected the name of a sound device'), z.literal(false)])
      .optional()
      .describe('Sound device, e.g. hw:1'),
  }),
  resolve(value: { device: string; fps?: number; size?: string; format?: string; audio?: string | false }) {
    const { audio, ...rest } = value;
    return { kind: 'device', ...rest, ...(audio && { audio }) };
  },
  media(source) {
    return {
      tracks: [
        {
          type: 'video',
          codec: 'rawvideo',
          width: 0,
          height: 0,
          frameRate: `${source.fps ?? 25}/1`,
          bFrames: false,
        },
        ...(source.audio
          ? [{ type: 'audio' as const, codec: 'pcm_s16le', sampleRate: 48000, channels: 2 }]
          : []),
      ],
    };
  },
  input(source, _media, tools) {
    const rate = source.fps ? ['-framerate', String(source.fps)] : [];
    const size = source.size ? ['-video_size', source.size] : [];
    const linuxFormat = source.format ? ['-input_format', source.format] : [];
    const otherFormat = source.format ? ['-pixel_format', source.format] : [];
    const picture = {
      linux: ['-f', 'v4l2', ...linuxFormat, ...rate, ...size, '-i', source.device],
      win32: ['-f', 'dshow', ...otherFormat, ...rate, ...size, '-i', `video=${source.device}`],
      darwin: ['-f', 'avfoundation', ...otherFormat, ...rate, ...size, '-i', `${source.device}:none`],
    }[tools.platform];
    return {
      args: [
        '-thread_queue_size',
        '64',
        ...picture,
        ...(source.audio ? soundInput(source.audio, tools) : []),
      ],
      video: '0:v:0',
      ...(source.audio && { audio: '1:a:0' }),
    };
  },
});
