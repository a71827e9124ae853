/** What a stream consists of, as measured by a probe or known from its kind. Shared by all layers. */

export interface VideoTrack {
  type: 'video';
  /** ffmpeg's codec name: h264, hevc, mpeg4, mjpeg, vp9, … */
  codec: string;
  profile?: string;
  width: number;
  height: number;
  /** Average frame rate as an exact fraction, e.g. "30000/1001"; "0/0" when unknown. */
  frameRate: string;
  /** Packets were seen out of presentation order. */
  bFrames: boolean;
  pixelFormat?: string;
  /** Large pictures (over 60,000 bytes) may come among tiny ones: the still picture, the desktop. */
  burst?: true;
}

export interface AudioTrack {
  type: 'audio';
  /** ffmpeg's codec name: aac, opus, mp3, pcm_alaw, pcm_mulaw, vorbis, … */
  codec: string;
  /** As ffprobe names it: "LC", "HE-AAC", … */
  profile?: string;
  /** Hz */
  sampleRate: number;
  channels: number;
}

export interface DataTrack {
  type: 'data';
  codec: string;
}

export type Track = VideoTrack | AudioTrack | DataTrack;

/** The tracks of one stream in the order of the container. */
export interface Media {
  tracks: Track[];
  /** Seconds; absent for live streams. */
  duration?: number;
}

export function videoOf(media: Media): VideoTrack | undefined {
  return media.tracks.find((track): track is VideoTrack => track.type === 'video');
}

export function audioOf(media: Media): AudioTrack | undefined {
  return media.tracks.find((track): track is AudioTrack => track.type === 'audio');
}

/** "30000/1001" → 29.97…; 0 when unknown. */
export function ratio(fraction: string): number {
  const [num, den] = fraction.split('/').map(Number);
  return num && den ? num / den : 0;
}
