/** The clip that the shipped relay.yaml loops: made here, because a repository is no place for videos. */
import { mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { end, say, spawned, ticker } from './setup.mjs';

/** 1500 AAC frames and 800 pictures: both end exactly at 32 s, so that the loop has no seam. */
const seconds = 32;

export async function makePromo(ffmpeg, file) {
  say(`making ${file}, a clip of ${seconds} s`);
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.part`;
  const progress = ticker(() => `making ${file}`);
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=1280x720:rate=25`];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=330:beep_factor=4:sample_rate=48000'];
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '32', '-pix_fmt', 'yuv420p'];
  const groups = ['-bf', '0', '-g', '25', '-keyint_min', '25', '-sc_threshold', '0'];
  const audio = ['-filter:a', 'volume=0.2', '-c:a', 'aac', '-b:a', '96k', '-ac', '2'];
  const code = await spawned([
    ...[ffmpeg, '-hide_banner', '-loglevel', 'error', '-y', ...picture, ...sound, '-t', `${seconds}`],
    ...[...video, ...groups, ...audio, '-movflags', '+faststart', '-f', 'mp4', part],
  ]);
  progress.stop();
  if (code !== 0) end(`${file} can't be made: see above`, 1);
  renameSync(part, file);
}
