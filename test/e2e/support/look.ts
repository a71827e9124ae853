/** What a reader finds at an address: tracks, sizes, and how many frames of each it decodes. */
import { ffprobePath } from './binaries.ts';
import { inputArgsOf } from './decode.ts';
import { runOnce, type Scope } from './process.ts';

export interface Seen {
  /** Codec names as ffmpeg has them, picture first: "h264 aac". */
  codecs: string;
  /** "640x360". */
  size: string;
  frames: number;
  /** Decoded blocks of sound. */
  sounds: number;
}

interface Stream {
  codec_type: string;
  codec_name: string;
  width?: number;
  height?: number;
  nb_read_frames?: string;
}

/** Decodes so many seconds of media, or packets of all tracks together. */
export async function look(
  s: Scope,
  url: string,
  much: { seconds: number } | { packets: number },
): Promise<Seen> {
  const args = [
    ...[
      '-v',
      'error',
      ...inputArgsOf(url),
      '-count_frames',
      '-read_intervals',
      `%+${'seconds' in much ? much.seconds : `#${much.packets}`}`,
    ],
    ...['-show_entries', 'stream=codec_type,codec_name,width,height,nb_read_frames', '-of', 'json'],
  ];
  const { output } = await runOnce(s, ffprobePath(), [...args, '-i', url], { timeout: 60_000 });
  const json = output.slice(output.indexOf('{\n'), output.lastIndexOf('}') + 1);
  if (json === '') throw new Error(`ffprobe saw nothing at ${url}: ${output.slice(-2000)}`);
  const { streams = [] } = JSON.parse(json) as { streams?: Stream[] };
  const video = streams.find((stream) => stream.codec_type === 'video');
  const audio = streams.find((stream) => stream.codec_type === 'audio');
  return {
    codecs: [video, audio].flatMap((stream) => stream?.codec_name ?? []).join(' '),
    size: video === undefined ? '' : `${video.width}x${video.height}`,
    frames: Number(video?.nb_read_frames ?? 0),
    sounds: Number(audio?.nb_read_frames ?? 0),
  };
}
