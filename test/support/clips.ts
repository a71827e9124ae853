/** Small clips of every kind, made by the real ffmpeg. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const picture = (rate = '25', seconds = 2) => [
  '-f',
  'lavfi',
  '-i',
  `testsrc2=size=160x90:rate=${rate}:duration=${seconds}`,
];
const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=2'];
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25'];

export const clips = {
  'h264-aac.mp4': [...picture(), ...sound, ...h264, '-bf', '0', '-c:a', 'aac'],
  'bframes.mp4': [...picture(), ...h264, '-bf', '2', '-b_strategy', '0'],
  'mpeg4-mp3.avi': [...picture(), ...sound, '-c:v', 'mpeg4', '-g', '12', '-c:a', 'libmp3lame'],
  'mpeg4-bframes.avi': [...picture(), '-c:v', 'mpeg4', '-bf', '2'],
  'hevc-opus.mkv': [
    ...picture(),
    ...sound,
    '-c:v',
    'libx265',
    '-preset',
    'ultrafast',
    '-x265-params',
    'log-level=none:bframes=0',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'libopus',
  ],
  'ntsc.mp4': [...picture('30000/1001'), ...h264, '-bf', '0'],
  'vfr.mp4': [...picture(), '-vf', "select='lt(n,10)+gt(n,30)'", '-vsync', 'vfr', ...h264, '-bf', '0'],
  'late-sound.mkv': [...picture(), '-itsoffset', '0.3', ...sound, ...h264, '-bf', '0', '-c:a', 'pcm_s16le'],
  'sound.mp3': [
    ...sound,
    ...picture('1', 1),
    '-map',
    '0',
    '-map',
    '1',
    '-c:a',
    'libmp3lame',
    '-c:v',
    'png',
    '-disposition:v',
    'attached_pic',
  ],
  'slide.mp4': [
    ...[
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=640x360,noise=alls=60:all_seed=1,loop=loop=-1:size=1:start=0',
      '-t',
      '1',
    ],
    ...[...h264, '-tune', 'zerolatency', '-crf', '18'],
  ],
  'picture.png': [...picture('1', 1), '-frames:v', '1'],
} as const;

export type Clip = keyof typeof clips;

/** @returns the clip's file name */
export async function makeClip(folder: string, clip: Clip): Promise<string> {
  const file = join(folder, clip);
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', ...clips[clip], file]);
  return file;
}
