/**
 * Copy what the sinks can carry, transcode only what they can't.
 * Each protocol carries some codecs; of the codecs that a track could have, the one that the most
 * protocols carry wins, and copying wins every tie.
 */
import type { AudioSetting, Protocol, VideoSetting } from '../config/config.ts';
import type { AudioTrack, VideoTrack } from '../media.ts';

/** What one track becomes. `why` says it to a person. */
export type Decision<Encode> =
  | { do: 'none' }
  | { do: 'copy'; codec: string; why: string }
  | { do: 'encode'; codec: string; settings: Encode; why: string };

export type VideoEncode = Extract<VideoSetting, { mode: 'encode' }>;
export type AudioEncode = Extract<AudioSetting, { mode: 'encode' }>;

/** Where the track must arrive: protocols that readers may use, and remote servers that take nothing else. */
export interface Needs {
  readers: Protocol[];
  /** Schemes of remote URLs. */
  remotes: string[];
  /** Containers of recordings; the first one is the server's own, out of which all others are made. */
  recordings: Container[];
  /** There is sound beside the picture. */
  sound: boolean;
}

export type Container = 'fmp4' | 'mpegts' | 'mkv';

const everything = () => true;
const oneOf =
  (...codecs: string[]) =>
  (codec: string) =>
    codecs.includes(codec);

/** RTMP is taken as all its players know it: the enhanced codecs are refused by ffmpeg before 6.1 and most servers. */
const carries: Record<'video' | 'audio', Record<string, (codec: string) => boolean>> = {
  video: {
    rtsp: everything,
    rtmp: oneOf('h264'),
    hls: oneOf('h264', 'hevc', 'av1', 'vp9'),
    webrtc: oneOf('h264', 'vp8', 'vp9', 'av1'),
    srt: oneOf('h264', 'hevc', 'mpeg4', 'mpeg2video', 'mpeg1video'),
    fmp4: oneOf('h264', 'hevc', 'av1', 'vp9', 'mjpeg'),
    mpegts: oneOf('h264', 'hevc', 'mpeg4', 'mpeg2video', 'mpeg1video'),
    mkv: everything,
  },
  audio: {
    rtsp: everything,
    rtmp: oneOf('aac', 'mp3'),
    hls: oneOf('aac', 'opus'),
    webrtc: oneOf('opus', 'pcm_alaw', 'pcm_mulaw'),
    srt: oneOf('aac', 'opus', 'mp3', 'ac3'),
    fmp4: (codec) => ['aac', 'opus', 'ac3'].includes(codec) || isPcm(codec),
    mpegts: (codec) => ['aac', 'opus', 'mp3', 'ac3'].includes(codec) || isPcm(codec),
    mkv: everything,
  },
};

/** G.711 too: the server's recorder unpacks it. What goes from there into MPEG-TS is made AAC (record/remux.ts). */
function isPcm(codec: string): boolean {
  return codec.startsWith('pcm_');
}

const labels: Record<string, string> = {
  h264: 'H.264',
  hevc: 'HEVC',
  mpeg4: 'MPEG-4',
  mpeg2video: 'MPEG-2',
  mpeg1video: 'MPEG-1',
  aac: 'AAC',
  opus: 'Opus',
  mp3: 'MP3',
  mp2: 'MP2',
  vorbis: 'Vorbis',
  pcm_alaw: 'G.711 A-law',
  pcm_mulaw: 'G.711 µ-law',
  rtsp: 'RTSP',
  rtmp: 'RTMP',
  hls: 'HLS',
  webrtc: 'WebRTC',
  srt: 'SRT',
  fmp4: 'MP4',
  mpegts: 'MPEG-TS',
  mkv: 'Matroska',
};

/** How a codec or protocol is written for people. */
export function label(name: string): string {
  return labels[name] ?? name;
}

/** rtmps → rtmp, whips → webrtc: what a remote's scheme means for codecs. */
function protocolOf(scheme: string): string {
  const plain = scheme.replace(/s$/, '');
  return plain === 'whip' ? 'webrtc' : plain;
}

interface Candidate {
  codec: string;
  copy: boolean;
  /** B-frames: packets come in another order than that in which they are shown. */
  reordered: boolean;
}

/** All that must take the track if any codec suits it. */
function musts({ remotes, recordings }: Needs): string[] {
  return [...remotes.map(protocolOf), ...recordings];
}

/**
 * WebRTC players show pictures as they arrive. RTSP readers are told the time of pictures by those that come earliest
 * against their own: with B-frames that is 0.16 s from the sound (docs/sync.md).
 */
function spoiled(candidate: Candidate, protocol: string, needs: Needs): boolean {
  // Ten times the bytes of AAC, and browsers don't play it.
  if (protocol === 'fmp4' && isPcm(candidate.codec)) return true;
  return candidate.reordered && (protocol === 'webrtc' || (protocol === 'rtsp' && needs.sound));
}

function carried(type: 'video' | 'audio', candidate: Candidate, protocol: string, needs: Needs): boolean {
  return !spoiled(candidate, protocol, needs) && carriesAtAll(type, candidate, protocol);
}

function carriesAtAll(type: 'video' | 'audio', candidate: Candidate, protocol: string): boolean {
  return carries[type][protocol]?.(candidate.codec) ?? true;
}

/** The best candidate: it must suit each remote and recording if any candidate does, then as many readers as possible. */
function best(type: 'video' | 'audio', candidates: Candidate[], needs: Needs): Candidate {
  const score = (candidate: Candidate) =>
    musts(needs).filter((protocol) => carried(type, candidate, protocol, needs)).length * 100 +
    needs.readers.filter((protocol) => carried(type, candidate, protocol, needs)).length;
  return candidates.reduce((a, b) => (score(b) > score(a) ? b : a));
}

/** Who gets nothing of this track, in words; "" when all do. */
function missing(type: 'video' | 'audio', candidate: Candidate, needs: Needs): string {
  const none = (protocol: string) =>
    !carriesAtAll(type, candidate, protocol) || (protocol === 'webrtc' && candidate.reordered);
  const readers = needs.readers.filter(none).map(label);
  const remotes = needs.remotes.filter((scheme) => none(protocolOf(scheme)));
  const [ring] = needs.recordings;
  const recordings =
    ring && none(ring)
      ? ['recordings']
      : needs.recordings.filter(none).map((name) => `${label(name)} recordings`);
  const lost = [
    ...readers.map((name) => `${name} readers`),
    ...remotes.map((scheme) => `${scheme}:// remotes`),
    ...recordings,
  ];
  const asAac = needs.recordings.includes('mpegts') ? ', those in MPEG-TS as AAC' : '';
  const off = needs.readers.includes('rtsp') && spoiled(candidate, 'rtsp', needs);
  return [
    ...(lost.length ? [`; ${lost.join(', ')} get no ${type === 'video' ? 'picture' : 'sound'}`] : []),
    ...(ring && isPcm(candidate.codec) ? [`; recordings have it uncompressed${asAac}`] : []),
    ...(off ? ['; RTSP readers see it out of step with the sound (B-frames)'] : []),
  ].join('');
}

/** Why a copy would not do, e.g. "HEVC is not carried by RTMP, WebRTC". */
function reason(type: 'video' | 'audio', copy: Candidate, chosen: Candidate, needs: Needs): string {
  const refused = [...new Set([...needs.readers, ...musts(needs)])].filter(
    (protocol) => !carried(type, copy, protocol, needs) && carried(type, chosen, protocol, needs),
  );
  const what = refused.some((protocol) => copy.reordered && carriesAtAll(type, copy, protocol))
    ? `${label(copy.codec)} with B-frames`
    : label(copy.codec);
  // RTSP carries every codec: what it can't is to keep reordered pictures in step with sound.
  const names = refused.map((protocol) =>
    protocol === 'rtsp' ? 'RTSP in step with the sound' : label(protocol),
  );
  return `${what} is not carried by ${names.join(', ')}`;
}

const defaultVideo: VideoEncode = { mode: 'encode', codec: 'h264', gop: 2 };

export function decideVideo(
  track: VideoTrack | undefined,
  setting: VideoSetting,
  needs: Needs,
): Decision<VideoEncode> {
  if (!track || setting.mode === 'none') return { do: 'none' };
  const copy = { codec: track.codec, copy: true, reordered: track.bFrames };
  if (setting.mode === 'copy') {
    return {
      do: 'copy',
      codec: track.codec,
      why: `video copied as ${label(track.codec)}${missing('video', copy, needs)}`,
    };
  }
  if (setting.mode === 'encode') {
    const made = { codec: setting.codec, copy: false, reordered: false };
    return {
      do: 'encode',
      codec: setting.codec,
      settings: setting,
      why: `video encoded to ${label(setting.codec)}: asked for${missing('video', made, needs)}`,
    };
  }
  if (track.codec === 'rawvideo' || isPicture(track.codec)) {
    return { do: 'encode', codec: 'h264', settings: defaultVideo, why: 'video encoded to H.264' };
  }
  const chosen = best('video', [copy, { codec: 'h264', copy: false, reordered: false }], needs);
  return chosen.copy
    ? {
        do: 'copy',
        codec: track.codec,
        why: `video copied as ${label(track.codec)}${missing('video', chosen, needs)}`,
      }
    : {
        do: 'encode',
        codec: 'h264',
        settings: defaultVideo,
        why: `video transcoded to H.264: ${reason('video', copy, chosen, needs)}`,
      };
}

/** What comes out of a hook is always encoded. */
export function decideAfterHook(
  setting: VideoSetting,
  needs: Needs,
): Extract<Decision<VideoEncode>, { do: 'encode' }> {
  const settings = setting.mode === 'encode' ? setting : defaultVideo;
  const { codec } = settings;
  const lost = missing('video', { codec, copy: false, reordered: false }, needs);
  return { do: 'encode', codec, settings, why: `video encoded to ${label(codec)} after the hook${lost}` };
}

export function decideAudio(
  track: AudioTrack | undefined,
  setting: AudioSetting,
  needs: Needs,
): Decision<AudioEncode> {
  if (!track || setting.mode === 'none') return { do: 'none' };
  const copy = { codec: track.codec, copy: true, reordered: false };
  if (setting.mode === 'encode') {
    const made = { ...copy, codec: setting.codec, copy: false };
    return {
      do: 'encode',
      codec: setting.codec,
      settings: setting,
      why: `sound encoded to ${label(setting.codec)}: asked for${missing('audio', made, needs)}`,
    };
  }
  const raw = /^pcm_(?!alaw|mulaw)/.test(track.codec);
  const candidates = [copy, { ...copy, codec: 'aac', copy: false }, { ...copy, codec: 'opus', copy: false }];
  const chosen =
    setting.mode === 'copy' ? copy : best('audio', raw ? candidates.slice(1) : candidates, needs);
  if (chosen.copy) {
    return {
      do: 'copy',
      codec: track.codec,
      why: `sound copied as ${label(track.codec)}${missing('audio', chosen, needs)}`,
    };
  }
  const because = raw ? '' : `: ${reason('audio', copy, chosen, needs)}`;
  return {
    do: 'encode',
    codec: chosen.codec,
    settings: { mode: 'encode', codec: chosen.codec === 'opus' ? 'opus' : 'aac' },
    why: `sound ${raw ? 'encoded' : 'transcoded'} to ${label(chosen.codec)}${because}${missing('audio', chosen, needs)}`,
  };
}

/**
 * The server's recorder leaves out codecs that it does not know. These it takes, and then ends: it knows key frames of
 * MPEG-4 and MPEG-1/2 by a header that few encoders write, takes no B-frames, and doubles the times of MP3.
 */
const endsRecording = {
  video: oneOf('mpeg4', 'mpeg2video', 'mpeg1video'),
  audio: oneOf('mp3', 'mp2', 'mp1'),
};

/** Why the server's recorder can't take these tracks, and what to do; undefined: it takes one at least. */
export function whyNotRecorded({
  video,
  audio,
}: {
  video?: VideoTrack | undefined;
  audio?: AudioTrack | undefined;
}): string | undefined {
  const bad = [
    ...(video && endsRecording.video(video.codec) ? [{ codec: video.codec, setting: 'video: h264' }] : []),
    ...(audio && endsRecording.audio(audio.codec) ? [{ codec: audio.codec, setting: 'audio: aac' }] : []),
  ];
  if (bad.length > 0) {
    const codecs = bad.map(({ codec }) => label(codec)).join(' and ');
    const settings = bad.map(({ setting }) => `\`${setting}\``).join(' and ');
    return `the media server's recorder can't take ${codecs}; with ${settings} it is recorded`;
  }
  const taken = (type: 'video' | 'audio', track: { codec: string } | undefined) =>
    track !== undefined && carries[type]['fmp4']!(track.codec);
  return taken('video', video) || taken('audio', audio) ? undefined : 'its codecs have no place in MP4';
}

/** Still pictures, which no stream carries. */
export function isPicture(codec: string): boolean {
  return ['png', 'mjpeg', 'bmp', 'webp', 'gif', 'tiff'].includes(codec);
}
