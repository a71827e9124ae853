/**
 * Input and wish → ffmpeg's arguments. Pure. Every picture that comes in goes out once and at its own time,
 * unless a frame rate is asked for; the sound keeps its offset to the picture.
 */
import { RelayError } from '../errors.ts';
import type { Tools } from '../kinds/tools.ts';
import { type AudioTrack, type Media, ratio, type VideoTrack, videoOf } from '../media.ts';
import { label } from '../plan/codecs.ts';
import { plain } from '../plan/encode.ts';
import { type Container, carries, takers } from './containers.ts';
import { type AudioCodec, encoderFor, tuning } from './encoders.ts';
import type { VideoCodec, Wish } from './wish.ts';

export interface TranscodePlan {
  /** All but the name of the output, which stands last. */
  args: string[];
  /** Seconds of media that are to come out; undefined: not known. */
  seconds: number | undefined;
  /** Pictures must come out. */
  picture: boolean;
  /** What is done, for people: "H.264 (libx264), MP3 copied". */
  does: string;
}

export interface TranscodeFacts {
  /** Absolute name of the input. */
  input: string;
  media: Media;
  container: Container;
  tools: Tools;
}

/** @throws RelayError before anything is written */
export function planTranscode(wish: Wish, facts: TranscodeFacts): TranscodePlan {
  const { media } = facts;
  const video = pictureOf(wish, facts);
  const sounds = soundsOf(wish, facts);
  if (video === undefined && sounds.length === 0) {
    throw refuse('there is no sound in it, and --video none leaves nothing');
  }
  const { start = 0 } = wish;
  const left = media.duration === undefined ? undefined : media.duration - start;
  if (left !== undefined && left <= 0) {
    throw refuse(`it ends after ${media.duration!.toFixed(1)} s, before --start`);
  }
  const ends = [left, wish.duration].filter((seconds) => seconds !== undefined);
  return {
    args: [
      ...(video?.before ?? []),
      ...(wish.start === undefined ? [] : ['-ss', String(wish.start)]),
      ...(wish.duration === undefined ? [] : ['-t', String(wish.duration)]),
      // A playlist that looks like a film must not open anything else.
      ...['-protocol_whitelist', 'file,crypto', '-i', `file:${facts.input}`],
      ...(video ? ['-map', '0:V:0', ...video.args] : []),
      ...sounds.flatMap(({ args }, index) => ['-map', `0:a:${index}`, ...args]),
      ...['-f', facts.container.muxer],
    ],
    seconds: ends.length > 0 ? Math.min(...ends) : undefined,
    picture: video !== undefined,
    does: [...(video ? [video.does] : []), ...new Set(sounds.map(({ does }) => does))].join(', '),
  };
}

interface Picture {
  /** Before the input. */
  before: string[];
  args: string[];
  does: string;
}

function pictureOf(wish: Wish, facts: TranscodeFacts): Picture | undefined {
  if (wish.video === 'none') return undefined;
  const { container, media, tools } = facts;
  const track = videoOf(media);
  if (!track) throw refuse('there is no picture in it', '--video none takes its sound alone');
  const codec = wish.video === 'copy' ? track.codec : wish.video;
  if (!carries(container, 'video', codec)) {
    const others = takers('video', codec).join(', ');
    const hint = wish.video === 'copy' ? `${others}, or --video h264` : others;
    throw refuse(`${container.muxer} files take no ${label(codec)}`, hint);
  }
  if (wish.video === 'copy') return copied(track, container);
  const encoder = encoderFor(wish.video, tools);
  return {
    before: [],
    args: [
      ...['-filter:v', filters(wish), '-c:v', encoder, ...tuning(encoder, wish)],
      // B-frames without presentation times, as AVI has it, come out in the wrong place.
      ...(container.muxer === 'avi' ? ['-bf', '0'] : []),
      ...tag(codec, container),
      ...['-fps_mode', 'passthrough', ...timeBase(wish.video, wish, track, facts)],
    ],
    does: `${label(codec)} (${encoder})`,
  };
}

function copied(track: VideoTrack, container: Container): Picture {
  // Some writers of AVI put two pictures into one packet; no other container knows that.
  const unpack = track.codec === 'mpeg4' && container.muxer !== 'avi';
  return {
    // AVI has no presentation times: where there are B-frames they are worked out.
    before: track.bFrames ? ['-fflags', '+genpts'] : [],
    args: [
      '-c:v',
      'copy',
      ...(unpack ? ['-bsf:v', 'mpeg4_unpack_bframes'] : []),
      ...tag(track.codec, container),
    ],
    does: `${label(track.codec)} copied`,
  };
}

/** Apple's players know HEVC by this name only. */
function tag(codec: string, { muxer }: Container): string[] {
  return codec === 'hevc' && (muxer === 'mp4' || muxer === 'mov') ? ['-tag:v', 'hvc1'] : [];
}

function filters({ fps, size }: Wish): string {
  const scale = size ? `scale=${size.width}:${size.height},format=yuv420p` : plain;
  return [fps === undefined ? undefined : `fps=${fps}`, scale].filter((part) => part !== undefined).join(',');
}

/** The ticks in which the encoder counts: those of the input, so that no picture is moved. */
function timeBase(codec: VideoCodec, wish: Wish, track: VideoTrack, facts: TranscodeFacts): string[] {
  if (wish.fps !== undefined) return [];
  if (facts.container.muxer === 'avi') {
    // AVI has no times at all, only a frame rate.
    if (ratio(track.frameRate) === 0)
      throw refuse('its frame rate is not known, and AVI needs one', '--fps 25');
    return ['-enc_time_base:v', track.frameRate.split('/').reverse().join(':')];
  }
  // MPEG-4 counts to 65535 at most.
  if (codec === 'mpeg4') return ['-enc_time_base:v', '1:60000'];
  const major = Number.parseInt(facts.tools.ffmpeg.version, 10);
  return ['-enc_time_base:v', major >= 7 ? 'demux' : '-1'];
}

interface Sound {
  args: string[];
  does: string;
}

function soundsOf(wish: Wish, { container, media, tools }: TranscodeFacts): Sound[] {
  if (wish.audio === 'none') return [];
  const tracks = media.tracks.filter((track): track is AudioTrack => track.type === 'audio');
  return tracks.map((track, index) => {
    const codec = soundCodec(wish, track, container);
    if (codec === 'copy') {
      return { args: [`-c:a:${index}`, 'copy'], does: `${label(track.codec)} copied` };
    }
    const encoder = encoderFor(codec, tools);
    const channels = codec === 'mp3' ? Math.min(track.channels || 2, 2) : track.channels || 2;
    return {
      args: [
        ...[`-c:a:${index}`, encoder, `-ac:a:${index}`, String(channels)],
        ...[`-b:a:${index}`, String(channels > 2 ? 64_000 * channels : 80_000 * channels)],
      ],
      does: `${label(codec)} (${encoder})`,
    };
  });
}

function soundCodec(wish: Wish, track: AudioTrack, container: Container): AudioCodec | 'copy' {
  const { audio } = wish;
  if (audio === 'auto') {
    if (carries(container, 'audio', track.codec)) return 'copy';
    return carries(container, 'audio', 'aac') ? 'aac' : 'opus';
  }
  const codec = audio === 'copy' ? track.codec : audio;
  if (!carries(container, 'audio', codec)) {
    const hint = `--audio auto finds what fits; ${label(codec)} goes into ${takers('audio', codec).join(', ')}`;
    throw refuse(`${container.muxer} files take no ${label(codec)}`, hint);
  }
  return audio === 'copy' ? 'copy' : (audio as AudioCodec);
}

function refuse(message: string, hint = 'relay probe shows what is in it'): RelayError {
  return new RelayError('RELAY_USAGE', message, { hint });
}
