/** What each kind of output file carries, by its extension. */

export interface Container {
  /** ffmpeg's name of it. */
  muxer: string;
  /** ffmpeg's names of the codecs that players expect in it; undefined: all. */
  video?: readonly string[];
  audio?: readonly string[];
}

const pcm = ['pcm_s16le', 'pcm_s24le', 'pcm_u8', 'pcm_alaw', 'pcm_mulaw'];

const containers: Record<string, Container> = {
  '.mp4': {
    muxer: 'mp4',
    video: ['h264', 'hevc', 'mpeg4', 'vp9', 'av1', 'mpeg2video', 'mpeg1video'],
    audio: ['aac', 'mp3', 'opus', 'ac3', 'eac3', 'alac', 'flac', 'mp2'],
  },
  '.mkv': { muxer: 'matroska' },
  '.mov': {
    muxer: 'mov',
    video: ['h264', 'hevc', 'mpeg4', 'mjpeg', 'prores', 'dnxhd'],
    audio: ['aac', 'mp3', 'ac3', 'alac', 'pcm_s16be', 'pcm_s24be', ...pcm],
  },
  '.ts': {
    muxer: 'mpegts',
    video: ['h264', 'hevc', 'mpeg4', 'mpeg2video', 'mpeg1video'],
    audio: ['aac', 'mp3', 'opus', 'ac3', 'eac3', 'mp2'],
  },
  '.webm': { muxer: 'webm', video: ['vp8', 'vp9', 'av1'], audio: ['opus', 'vorbis'] },
  '.avi': {
    muxer: 'avi',
    video: ['h264', 'mpeg4', 'msmpeg4v3', 'msmpeg4v2', 'mjpeg'],
    audio: ['mp3', 'ac3', 'aac', 'mp2', ...pcm],
  },
};

export const extensions: readonly string[] = Object.keys(containers);

export function containerOf(extension: string): Container | undefined {
  const name = extension.toLowerCase();
  return Object.hasOwn(containers, name) ? containers[name] : undefined;
}

export function carries(container: Container, type: 'video' | 'audio', codec: string): boolean {
  return container[type]?.includes(codec) ?? true;
}

/** Extensions of the files that take this codec. */
export function takers(type: 'video' | 'audio', codec: string): string[] {
  return extensions.filter((extension) => carries(containers[extension]!, type, codec));
}
