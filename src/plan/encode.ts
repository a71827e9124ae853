/** Encoder settings → ffmpeg arguments. Timestamps pass through: no frame is doubled, dropped or put on a grid. */
import type { AudioTrack, VideoTrack } from '../media.ts';
import { ratio } from '../media.ts';
import type { AudioEncode, Decision, VideoEncode } from './codecs.ts';

/** Even sizes and 4:2:0, as H.264 players want them. */
export const plain = 'scale=trunc(iw/2)*2:trunc(ih/2)*2,format=yuv420p';

/**
 * Arguments for the picture of one output.
 * @param filter a filter that the source needs
 */
export function videoArgs(
  decision: Decision<VideoEncode>,
  track: VideoTrack | undefined,
  filter?: string,
): string[] {
  if (decision.do === 'none') return [];
  if (decision.do === 'copy') return ['-c:v', 'copy'];
  const { codec, gop, bitrate, size, fps } = decision.settings;
  const rate = fps ?? ratio(track?.frameRate ?? '0/0');
  const scale = size ? `scale=${size.width}:${size.height},format=yuv420p` : plain;
  const filters = [filter, fps ? `fps=${fps}` : undefined, scale].filter((part) => part !== undefined);
  return [
    '-filter:v',
    filters.join(','),
    '-c:v',
    codec === 'hevc' ? 'libx265' : 'libx264',
    ...(codec === 'hevc' ? ['-x265-params', 'log-level=error:bframes=0'] : []),
    '-preset',
    codec === 'hevc' ? 'ultrafast' : 'veryfast',
    '-tune',
    'zerolatency',
    '-bf',
    '0',
    ...(bitrate
      ? ['-b:v', String(bitrate), '-maxrate', String(bitrate), '-bufsize', String(bitrate)]
      : ['-crf', '23']),
    // Both: frames bound the distance where the rate is known, time where it varies.
    ...(rate > 0 ? ['-g', String(Math.max(1, Math.ceil(gop * rate - 0.01)))] : []),
    '-force_key_frames',
    keyFrames(gop, rate),
    '-fps_mode',
    'passthrough',
    '-enc_time_base:v',
    '1:90000',
  ];
}

/**
 * Key frames on a grid of time that begins with the first picture, whatever its timestamp: each on the picture that is
 * nearest to its place, so that they don't drift. After a hole the grid goes on as if there had been none.
 */
function keyFrames(gop: number, rate: number): string {
  const early = Number(Math.min(rate > 0 ? 0.5 / rate : 0.01, gop / 2).toFixed(6));
  const place = (time: string) => `floor((${time}-ld(0)+${early})/${gop})`;
  return `expr:if(isnan(prev_forced_t),st(0,t)*0+1,gt(${place('t')},${place('prev_forced_t')}))`;
}

/** Rates at which AAC can be announced to the server before it flows. */
const rates = [22050, 24000, 32000, 44100, 48000];

/** What the encoded sound will be. */
export function encodedAudio(settings: AudioEncode, track: AudioTrack): AudioTrack {
  if (settings.codec === 'opus') {
    return {
      type: 'audio',
      codec: 'opus',
      sampleRate: settings.sampleRate ?? 48000,
      channels: settings.channels ?? 2,
    };
  }
  const sampleRate = settings.sampleRate ?? (rates.includes(track.sampleRate) ? track.sampleRate : 48000);
  return {
    type: 'audio',
    codec: 'aac',
    profile: 'LC',
    sampleRate,
    channels: settings.channels ?? Math.min(track.channels || 2, 2),
  };
}

/**
 * The server tells players by RTSP and WebRTC how sound lies to picture by the packets that wait least on their way.
 * Sound in packets of 20 ms keeps its phase to pictures 40 ms apart for ever, and the muxer then holds all of it back
 * by up to a packet. Short ones, some sent before the picture of their time, keep that within 3 ms (docs/sync.md).
 */
const opusTiming = ['-frame_duration', '5', '-audio_preload', '7500'];

/** Arguments for the sound of one output. */
export function audioArgs(
  decision: Decision<AudioEncode>,
  track: AudioTrack | undefined,
  filter?: string,
): string[] {
  if (decision.do === 'none' || !track) return [];
  if (decision.do === 'copy') return ['-c:a', 'copy'];
  const { sampleRate, channels } = encodedAudio(decision.settings, track);
  const bitrate = decision.settings.bitrate ?? (decision.codec === 'opus' ? 96_000 : 128_000);
  // Encoders count samples: holes in the input must be filled with silence or all that follows comes early.
  const filters = [filter, 'aresample=async=1'].filter((part) => part !== undefined);
  return [
    '-filter:a',
    filters.join(','),
    '-c:a',
    decision.codec === 'opus' ? 'libopus' : 'aac',
    '-b:a',
    String(bitrate),
    '-ar',
    String(sampleRate),
    '-ac',
    String(channels),
    ...(decision.codec === 'opus' ? opusTiming : []),
  ];
}
