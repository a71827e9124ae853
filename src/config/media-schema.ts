/** What a route does with its picture and its sound: words, or settings of the encoder. */
import { z } from 'zod';
import { byForm } from './choice.ts';
import type { AudioSetting, VideoSetting } from './config.ts';
import { present } from './present.ts';
import { bitrate, duration, size } from './values.ts';

const encodeVideo = z
  .strictObject({
    codec: z
      .enum(['h264', 'hevc'])
      .optional()
      .meta({ description: 'h264 (default) plays everywhere', default: 'h264' }),
    gop: duration('100ms', '60s')
      .optional()
      .meta({ description: 'Time between key frames', default: '2s', examples: ['2s'] }),
    bitrate: bitrate.optional().meta({
      description: 'Bits per second; constant quality unless told otherwise',
      examples: ['2M', '500k'],
    }),
    size: size
      .optional()
      .meta({ description: 'Width and height; as the source unless told otherwise', examples: ['1280x720'] }),
    fps: z
      .number()
      .min(1)
      .max(240)
      .optional()
      .meta({ description: 'Frames a second; as the source unless told otherwise', examples: [25] }),
  })
  .meta({ description: 'Settings of the encoder' })
  .transform(
    ({ codec = 'h264', gop = 2, ...rest }): VideoSetting => ({
      mode: 'encode',
      codec,
      gop,
      ...present(rest),
    }),
  );

export const video = byForm<VideoSetting>(
  {
    text: z
      .enum(['auto', 'copy', 'none', 'h264', 'hevc'])
      .transform((word) =>
        word === 'h264' || word === 'hevc' ? { mode: 'encode', codec: word, gop: 2 } : { mode: word },
      ),
    map: encodeVideo,
  },
  'auto, copy, none, h264, hevc or settings of the encoder',
)
  .optional()
  .meta({
    description: 'The picture: auto (default) copies what every sink can carry and encodes what it can not',
    default: 'auto',
    examples: ['copy', { codec: 'h264', gop: '2s', bitrate: '2M' }],
  });

const encodeAudio = z
  .strictObject({
    codec: z
      .enum(['aac', 'opus'])
      .optional()
      .meta({ description: 'aac (default), or opus for WebRTC', default: 'aac' }),
    bitrate: bitrate.optional().meta({ description: 'Bits per second', examples: ['128k'] }),
    sampleRate: z
      .number()
      .int()
      .min(8000)
      .max(96000)
      .optional()
      .meta({ description: 'Hz; as the source unless told otherwise', examples: [48000] }),
    channels: z
      .number()
      .int()
      .min(1)
      .max(8)
      .optional()
      .meta({ description: 'As the source unless told otherwise', examples: [2] }),
  })
  .refine(
    ({ codec, sampleRate = 48000 }) =>
      codec !== 'opus' || [8000, 12000, 16000, 24000, 48000].includes(sampleRate),
    {
      message: 'opus knows 8000, 12000, 16000, 24000 and 48000 Hz',
      path: ['sampleRate'],
    },
  )
  .meta({ description: 'Settings of the encoder' })
  .transform(({ codec = 'aac', ...rest }): AudioSetting => ({ mode: 'encode', codec, ...present(rest) }));

export const audio = byForm<AudioSetting>(
  {
    text: z
      .enum(['auto', 'copy', 'none', 'aac', 'opus'])
      .transform((word) =>
        word === 'aac' || word === 'opus' ? { mode: 'encode', codec: word } : { mode: word },
      ),
    map: encodeAudio,
  },
  'auto, copy, none, aac, opus or settings of the encoder',
)
  .optional()
  .meta({
    description: 'The sound: auto (default) copies what every sink can carry and encodes what it can not',
    default: 'auto',
    examples: ['copy', 'opus', { codec: 'aac', bitrate: '128k' }],
  });
