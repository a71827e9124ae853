/**
 * A picture made here: colour bars, a clock, a frame counter and a beep with a flash each second.
 * The row of black and white squares at the top is the frame number in binary, so that programs can count frames too.
 */
import { z } from 'zod';
import { defineSource } from './source.ts';

export interface TestSource {
  kind: 'test';
  test: 'bars';
  size: string;
  fps: number;
  audio: boolean;
}

/** Frame numbers repeat after 2^counterBits frames. */
export const counterBits = 16;

/** Length of the flash and of the beep, in seconds: two frames of a 25 fps picture. */
const flash = 0.08;

export const test = defineSource<TestSource>({
  kind: 'test',
  summary: 'colour bars with clock, frame counter, flash and beep',
  schema: z.strictObject({
    test: z.literal('bars').describe('The pattern'),
    size: z
      .string()
      .regex(/^[1-9]\d{1,3}x[1-9]\d{1,3}$/, 'expected a size such as 1280x720')
      .optional()
      .describe('1280x720 unless told otherwise'),
    fps: z.number().min(1).max(120).optional().describe('Frames a second; 25 unless told otherwise'),
    audio: z.boolean().optional().describe('false: no sound'),
  }),
  resolve(value: { test: 'bars'; size?: string; fps?: number; audio?: boolean }) {
    return {
      kind: 'test',
      test: value.test,
      size: value.size ?? '1280x720',
      fps: value.fps ?? 25,
      audio: value.audio ?? true,
    };
  },
  media(source) {
    const [width = 0, height = 0] = source.size.split('x').map(Number);
    return {
      tracks: [
        { type: 'video', codec: 'rawvideo', width, height, frameRate: `${source.fps}/1`, bFrames: false },
        ...(source.audio
          ? [{ type: 'audio' as const, codec: 'pcm_s16le', sampleRate: 48000, channels: 2 }]
          : []),
      ],
    };
  },
  input(source, _media, tools) {
    // testsrc2 draws clock and frame number by itself, for an ffmpeg without fonts.
    const text = tools.ffmpeg.filters.includes('drawtext');
    const picture = `${text ? 'smptehdbars' : 'testsrc2'}=size=${source.size}:rate=${source.fps}`;
    const beep = `aevalsrc=exprs='0.5*sin(2*PI*1000*t)*lt(mod(t,1),${flash})':sample_rate=48000:channel_layout=mono`;
    return {
      args: [
        '-re',
        '-f',
        'lavfi',
        '-i',
        picture,
        ...(source.audio ? ['-re', '-f', 'lavfi', '-i', beep] : []),
      ],
      video: '0:v:0',
      videoFilter: [
        ...(text ? [clock] : []),
        box('iw*3/8', 'ih*2/5', 'iw/4', 'ih/8', 'white', `lt(mod(t,1),${flash})`),
        ...counter,
      ].join(','),
      ...(source.audio && { audio: '1:a:0', audioFilter: 'aformat=channel_layouts=stereo' }),
    };
  },
});

const clock =
  "drawtext=text='%{localtime\\:%H\\\\\\:%M\\\\\\:%S}  %{n}':fontsize=h/12:fontcolor=white:box=1:boxcolor=black:boxborderw=8:x=(w-tw)/2:y=h/4";

const counter = Array.from({ length: counterBits }, (_, bit) => {
  const x = `iw*${counterBits - 1 - bit}/${counterBits}`;
  const place = [x, '0', `iw/${counterBits}`, `iw/${counterBits}`] as const;
  return [box(...place, 'black', '1'), box(...place, 'white', `mod(floor(n/${2 ** bit}),2)`)];
}).flat();

function box(x: string, y: string, w: string, h: string, colour: string, enable: string): string {
  return `drawbox=x=${x}:y=${y}:w=${w}:h=${h}:color=${colour}:t=fill:enable='${enable}'`;
}
