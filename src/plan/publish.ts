/**
 * How our own publishers go into the server. MPEG-TS over SRT keeps one timeline for picture and sound,
 * is online in half a second and survives a restart; docs/sync.md has what was measured for each way.
 */

import type { AudioTrack, VideoTrack } from '../media.ts';
import type { Arg, Ingest, KnownTrack } from './types.ts';

/** The tracks that one output publishes. */
export interface Tracks {
  video?: VideoTrack | undefined;
  audio?: AudioTrack | undefined;
}

/** The tracks that a path of a split route carries. */
export function selected(tracks: Tracks, select?: 'v' | 'a'): Tracks {
  return {
    video: select === 'a' ? undefined : tracks.video,
    audio: select === 'v' ? undefined : tracks.audio,
  };
}

const inTs = {
  video: ['h264', 'hevc', 'mpeg4', 'mpeg2video', 'mpeg1video'],
  audio: ['aac', 'opus', 'mp3', 'ac3'],
};
const inFlv = { video: ['h264'], audio: ['aac', 'mp3', 'pcm_alaw', 'pcm_mulaw'] };

function fits(tracks: Tracks, container: { video: string[]; audio: string[] }): boolean {
  return (
    (!tracks.video || container.video.includes(tracks.video.codec)) &&
    (!tracks.audio || container.audio.includes(tracks.audio.codec))
  );
}

/** The best way in for these tracks. @param srt ffmpeg and server speak SRT */
export function ingestOf(tracks: Tracks, srt: boolean): Ingest {
  if (srt && fits(tracks, inTs)) return 'srt';
  return fits(tracks, inFlv) ? 'rtmp' : 'rtsp';
}

/**
 * Sound in packets of its own and picture packets that end where they say: what arrives late at the server
 * would be late in its reports to RTSP readers.
 */
function ts(ends: boolean): Record<string, string> {
  return { pes_payload_size: '0', ...(ends && { omit_video_pes_length: '0' }), flush_packets: '1' };
}

function muxer(ingest: Ingest, ends: boolean): string[] {
  if (ingest === 'rtmp') return ['-flvflags', 'no_duration_filesize', '-f', 'flv'];
  if (ingest === 'rtsp') return ['-rtsp_transport', 'tcp', '-f', 'rtsp'];
  const options = Object.entries(ts(ends)).flatMap(([key, value]) => [`-${key}`, value]);
  return [...options, '-muxdelay', '0', '-muxpreload', '0', '-f', 'mpegts'];
}

/** @param ends pictures say where they end */
export function publishArgs(path: string, ingest: Ingest, ends: boolean): Arg[] {
  return [...muxer(ingest, ends), { publish: path, by: ingest }];
}

/**
 * One encoder, several paths: picture and sound are encoded once and muxed for each.
 * @param ends pictures say where they end
 */
export function teeArgs(
  outputs: { path: string; select?: 'v' | 'a' }[],
  ingest: Ingest,
  ends: boolean,
): Arg[] {
  const format = { srt: 'mpegts', rtmp: 'flv', rtsp: 'rtsp' }[ingest];
  const options = Object.entries(
    {
      srt: { ...ts(ends), max_delay: '0' },
      rtmp: { flvflags: 'no_duration_filesize' },
      rtsp: { rtsp_transport: 'tcp' },
    }[ingest],
  ).map(([key, value]) => `:${key}=${value}`);
  // What comes to the tee is in order: a slave that waits for its tracks anew (10 s by default) only adds delay.
  const order = ':max_interleave_delta=1';
  const parts = outputs.flatMap(({ path, select }, index): Arg[] => [
    `${index ? '|' : ''}[f=${format}${options.join('')}${order}${select ? `:select=${select}` : ''}]`,
    { publish: path, by: ingest },
  ]);
  // FLV keeps the codec's parameters in its header; MPEG-TS repeats them before each key frame.
  return [...(ingest === 'srt' ? [] : ['-flags', '+global_header']), '-f', 'tee', { join: parts }];
}

/**
 * The tracks as the server must know them to keep readers while the publisher is away.
 * null: not all of them can be described beforehand.
 */
export function knownTracks(tracks: Tracks): KnownTrack[] | null {
  const known: KnownTrack[] = [];
  if (tracks.video) {
    const codec = ({ h264: 'H264', hevc: 'H265', av1: 'AV1', vp9: 'VP9' } as const)[tracks.video.codec];
    if (!codec) return null;
    known.push({ codec });
  }
  if (tracks.audio) {
    const track = knownAudio(tracks.audio);
    if (!track) return null;
    known.push(track);
  }
  return known.length ? known : null;
}

function knownAudio(track: AudioTrack): KnownTrack | undefined {
  const { codec, sampleRate, channels } = track;
  if (codec === 'opus') return { codec: 'Opus' };
  if (codec === 'pcm_alaw' || codec === 'pcm_mulaw') {
    return { codec: 'G711', sampleRate, channelCount: channels, muLaw: codec === 'pcm_mulaw' };
  }
  // HE-AAC is announced by its core's rate in MPEG-TS; what the server will see is not known beforehand.
  const lc = codec === 'aac' && (track.profile === undefined || track.profile === 'LC');
  return lc && sampleRate >= 22050 && channels <= 7
    ? { codec: 'MPEG4Audio', sampleRate, channelCount: channels }
    : undefined;
}
