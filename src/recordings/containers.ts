/** Recordings between formats: packets stay as they are. */
import { RelayError } from '../errors.ts';
import type { Figures } from '../observe/state.ts';
import { complaintsOf, type FfmpegHost, fileOnly, runFfmpeg } from '../units/run-ffmpeg.ts';

export const formats = { '.mp4': 'mp4', '.mkv': 'matroska', '.ts': 'mpegts' } as const;
export type Extension = keyof typeof formats;

const copy = ['-map', '0', '-c', 'copy'];

/**
 * A segment of another format as fragmented MP4: the times of its packets are those of the file.
 * @param scale ticks a second of the picture
 */
export async function toFragments(host: FfmpegHost, from: string, to: string, scale: number): Promise<void> {
  const flags = '+empty_moov+default_base_moof+frag_keyframe+frag_discont+delay_moov';
  const times = ['-avoid_negative_ts', 'make_non_negative', '-use_editlist', '0'];
  const input = ['-copyts', ...fileOnly, '-i', `file:${from}`, ...copy, ...times];
  const output = ['-video_track_timescale', String(scale), '-movflags', flags, '-f', 'mp4', `file:${to}`];
  // In MPEG-TS each packet of AAC has a header of its own. ffmpeg sees that too late for fragments.
  const { failed } = await runFfmpeg(host, [...input, '-bsf:a', 'aac_adtstoasc', ...output]);
  // The filter takes no other codec.
  if (failed !== undefined) await work(host, [...input, ...output]);
}

/**
 * An ordinary MP4 file with its index in front.
 * @param hidden seconds at the beginning that are only there to be decoded
 */
export async function toMovie(
  host: FfmpegHost,
  from: string,
  to: string,
  hidden: number,
  onProgress: (figures: Figures) => void,
): Promise<void> {
  const times = ['-copyts', '-itsoffset', `-${hidden.toFixed(6)}`];
  const exact = ['-avoid_negative_ts', 'disabled', '-movie_timescale', '90000', '-movflags', '+faststart'];
  const args = [...times, ...fileOnly, '-i', `file:${from}`, ...copy, ...exact];
  await work(host, [...args, '-f', 'mp4', `file:${to}`], onProgress);
}

export async function toFormat(
  host: FfmpegHost,
  from: string,
  to: string,
  extension: Extension,
  onProgress: (figures: Figures) => void,
): Promise<void> {
  const times = ['-copyts', '-avoid_negative_ts', 'make_zero'];
  const args = [...fileOnly, '-i', `file:${from}`, ...copy, ...times, '-f', formats[extension], `file:${to}`];
  await work(host, args, onProgress);
}

async function work(
  host: FfmpegHost,
  args: string[],
  onProgress: (figures: Figures) => void = () => {},
): Promise<void> {
  const ran = await runFfmpeg(host, args, { onProgress });
  if (ran.failed === undefined) return;
  throw new RelayError('RELAY_UNIT_FAILED', `ffmpeg: ${complaintsOf(ran).join('; ')}; nothing was written`, {
    hint: 'relay recordings verify shows whether the recording is whole',
  });
}
