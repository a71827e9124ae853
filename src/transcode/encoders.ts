/** Which of ffmpeg's encoders makes a codec, and what it is told. */
import { RelayError } from '../errors.ts';
import type { Tools } from '../kinds/tools.ts';
import type { VideoCodec, Wish } from './wish.ts';

export type AudioCodec = 'aac' | 'opus' | 'mp3';

/** The first that is there is used. */
const encoders: Record<VideoCodec | AudioCodec, readonly string[]> = {
  h264: ['libx264'],
  hevc: ['libx265'],
  mpeg4: ['mpeg4'],
  vp9: ['libvpx-vp9'],
  av1: ['libsvtav1', 'libaom-av1'],
  aac: ['aac'],
  opus: ['libopus'],
  mp3: ['libmp3lame', 'libshine'],
};

const sounds: readonly string[] = ['aac', 'opus', 'mp3'] satisfies AudioCodec[];

/** @throws RelayError that says what there is instead */
export function encoderFor(codec: VideoCodec | AudioCodec, { ffmpeg }: Tools): string {
  const find = (name: VideoCodec | AudioCodec) =>
    encoders[name].find((encoder) => ffmpeg.encoders.includes(encoder));
  const found = find(codec);
  if (found) return found;
  const isSound = sounds.includes(codec);
  const others = (Object.keys(encoders) as (VideoCodec | AudioCodec)[]).filter(
    (name) => sounds.includes(name) === isSound && find(name),
  );
  throw new RelayError(
    'RELAY_BINARY_UNFIT',
    `this ffmpeg (${ffmpeg.version}) can't encode ${codec}: it lacks ${encoders[codec].join(' and ')}`,
    {
      hint: `it has ${others.join(', ') || 'nothing like it'}: --${isSound ? 'audio' : 'video'} ${others[0] ?? 'copy'}; or set FFMPEG_PATH to another ffmpeg`,
    },
  );
}

/** What the encoder of the picture is told beyond its name. */
export function tuning(encoder: string, wish: Wish): string[] {
  const { bitrate, preset } = wish;
  const crf = (usual: number) => ['-crf', String(wish.quality ?? usual)];
  const rate = bitrate === undefined ? undefined : ['-b:v', String(bitrate)];
  const speed = preset === undefined ? [] : ['-preset', preset];
  switch (encoder) {
    case 'libx265':
      return [...(rate ?? crf(28)), ...speed, '-x265-params', 'log-level=error'];
    case 'mpeg4':
      return rate ?? ['-q:v', String(wish.quality ?? 4)];
    case 'libvpx-vp9':
      return [...(rate ?? [...crf(31), '-b:v', '0']), '-deadline', 'good', '-cpu-used', '4', '-row-mt', '1'];
    case 'libsvtav1':
      return [...(rate ?? crf(35)), '-preset', '8'];
    case 'libaom-av1':
      return [...(rate ?? [...crf(30), '-b:v', '0']), '-cpu-used', '6', '-row-mt', '1'];
    default:
      return [...(rate ?? crf(23)), ...speed];
  }
}
