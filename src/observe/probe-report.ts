/** The full figures of `relay probe`: every packet of a file, some seconds of a live stream. */
import type { Track } from '../media.ts';
import { isCover, PtsOrder, toTrack } from './probe.ts';
import { isNetworkUrl, known, knownNumber, type ProbeRecord, runProbe } from './probe-run.ts';

export interface KeyFrames {
  count: number;
  /** Seconds between two key frames; absent with fewer than two. */
  interval?: { min: number; average: number; max: number };
}

export type TrackReport = Track & {
  index: number;
  /** Four characters or a number, as the container names the codec: "avc1", "mp4a". */
  fourcc?: string;
  language?: string;
  /** Packets that were seen. For video one packet is one frame. */
  packets: number;
  /** With `decode`: frames that could be decoded. */
  decodedFrames?: number;
  /** Bits per second, measured over what was seen. */
  bitRate?: number;
  /** Presentation time of the first packet that is shown, seconds. */
  start?: number;
  /** Video only. */
  keyFrames?: KeyFrames;
  /** Video only: frames are not evenly spaced. */
  variableFrameRate?: boolean;
  /** Video only: frames a second as measured from the packets. */
  measuredFrameRate?: number;
};

export interface ProbeReport {
  url: string;
  /** ffmpeg's name of the container or protocol, e.g. "mov,mp4,m4a,3gp,3g2,mj2" or "rtsp". */
  container: string;
  live: boolean;
  /** Seconds. */
  duration?: number;
  /** Bytes. */
  size?: number;
  /** Bits per second of the whole. */
  bitRate?: number;
  /** First presentation time of the sound minus that of the picture, seconds: below 0 the sound starts first. */
  avOffset?: number;
  tracks: TrackReport[];
  /** The cover picture of a music file. */
  cover?: string;
}

export interface ReportOptions {
  ffprobe: string;
  args: string[];
  /** How long to watch a live source. */
  seconds: number;
  /** Decode every frame and count. */
  decode?: boolean;
  signal?: AbortSignal;
  onProgress?(seen: { packets: number; seconds: number }): void;
}

const ENTRIES =
  'packet=stream_index,pts_time,dts_time,duration_time,size,flags:' +
  'stream=index,codec_type,codec_name,codec_tag_string,codec_tag,profile,width,height,pix_fmt,has_b_frames,' +
  'avg_frame_rate,r_frame_rate,sample_rate,channels,nb_read_frames:' +
  'stream_disposition=attached_pic:stream_tags=language:format=format_name,duration,size,bit_rate';

/** Connecting, analysing and waiting for a key frame come before the seconds that are watched. */
const LIVE_MARGIN_MS = 10_000;

export async function probeReport(options: ReportOptions): Promise<ProbeReport> {
  const url = options.args.at(-1) ?? '';
  const network = isNetworkUrl(url);
  const seen = new Map<string, Seen>();
  const order = new PtsOrder();
  const streams: ProbeRecord[] = [];
  let format: ProbeRecord = new Map();
  let packets = 0;
  await runProbe({
    ffprobe: options.ffprobe,
    url,
    args: [
      '-show_entries',
      ENTRIES,
      ...(options.decode ? ['-count_frames'] : []),
      ...(network ? ['-read_intervals', `%+${options.seconds}`] : []),
      ...options.args,
    ],
    signal: options.signal,
    timeoutMs: network ? LIVE_MARGIN_MS + options.seconds * 1000 : undefined,
    onRecord(section, record) {
      if (section === 'stream') streams.push(record);
      else if (section === 'format') format = record;
      else if (section === 'packet') {
        order.see(record);
        const index = record.get('stream_index') ?? '';
        const stream = seen.get(index) ?? new Seen();
        seen.set(index, stream);
        stream.see(record);
        packets++;
        options.onProgress?.({ packets, seconds: stream.span });
      }
    },
  });

  const duration = knownNumber(format, 'duration');
  const live = network && duration === undefined;
  const tracks = streams
    .filter((stream) => !isCover(stream))
    .map((stream) =>
      report(stream, toTrack(stream, order), seen.get(stream.get('index') ?? '') ?? new Seen()),
    );
  const start = (type: Track['type']) => tracks.find((track) => track.type === type)?.start;
  const [video, audio] = [start('video'), start('audio')];
  const cover = streams.find(isCover);
  return {
    url,
    container: known(format, 'format_name') ?? 'unknown',
    live,
    ...optional('duration', duration),
    ...optional('size', knownNumber(format, 'size')),
    ...optional('bitRate', live ? sumOf(tracks) : knownNumber(format, 'bit_rate')),
    ...optional('avOffset', video === undefined || audio === undefined ? undefined : round(audio - video)),
    tracks,
    ...optional('cover', cover && known(cover, 'codec_name')),
  };
}

function report(stream: ProbeRecord, track: Track, seen: Seen): TrackReport {
  const tag = known(stream, 'codec_tag_string');
  const language = known(stream, 'tag:language');
  return {
    ...track,
    index: knownNumber(stream, 'index') ?? 0,
    ...optional('fourcc', tag?.includes('[') ? numberOf(stream) : tag),
    ...optional('language', language === 'und' ? undefined : language),
    packets: seen.packets,
    ...optional('decodedFrames', knownNumber(stream, 'nb_read_frames')),
    ...optional('bitRate', seen.bitRate),
    ...optional('start', seen.first === undefined ? undefined : round(seen.first)),
    ...(track.type === 'video'
      ? {
          keyFrames: seen.keyFrames,
          variableFrameRate: seen.gaps.uneven,
          ...optional('measuredFrameRate', seen.frameRate),
        }
      : {}),
  };
}

/** "0x0055": a tag that is no text; "0x0000" is none. */
function numberOf(stream: ProbeRecord): string | undefined {
  return knownNumber(stream, 'codec_tag') ? known(stream, 'codec_tag') : undefined;
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}

function sumOf(tracks: TrackReport[]): number | undefined {
  return tracks.reduce((sum, track) => sum + (track.bitRate ?? 0), 0) || undefined;
}

function round(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}

/** What the packets of one stream tell, in constant memory. */
class Seen {
  packets = 0;
  first: number | undefined;
  readonly gaps = new Gaps();
  #last = Number.NEGATIVE_INFINITY;
  #end = Number.NEGATIVE_INFINITY;
  #shown = 0;
  #bytes = 0;
  #keys = 0;
  #firstKey = 0;
  #lastKey: number | undefined;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  see(packet: ProbeRecord): void {
    this.packets++;
    this.#bytes += knownNumber(packet, 'size') ?? 0;
    const flags = packet.get('flags') ?? '';
    const time = knownNumber(packet, 'pts_time') ?? knownNumber(packet, 'dts_time');
    if (flags.includes('K')) this.#key(time);
    // Discarded packets (an encoder's priming) are never played.
    if (time === undefined || flags.includes('D')) return;
    this.#shown++;
    this.first = Math.min(this.first ?? time, time);
    this.#last = Math.max(this.#last, time);
    this.#end = Math.max(this.#end, time + (knownNumber(packet, 'duration_time') ?? 0));
    this.gaps.see(time);
  }

  #key(time: number | undefined): void {
    this.#keys++;
    if (time === undefined) return;
    if (this.#lastKey === undefined) this.#firstKey = time;
    else {
      this.#min = Math.min(this.#min, time - this.#lastKey);
      this.#max = Math.max(this.#max, time - this.#lastKey);
    }
    this.#lastKey = time;
  }

  /** Seconds from the first packet to the end of the last. */
  get span(): number {
    return this.first === undefined ? 0 : this.#end - this.first;
  }

  get bitRate(): number | undefined {
    return this.span > 0 ? Math.round((this.#bytes * 8) / this.span) : undefined;
  }

  get frameRate(): number | undefined {
    const span = this.first === undefined ? 0 : this.#last - this.first;
    return span > 0 ? Math.round(((this.#shown - 1) / span) * 1000) / 1000 : undefined;
  }

  get keyFrames(): KeyFrames {
    if (this.#keys < 2 || this.#lastKey === undefined) return { count: this.#keys };
    const average = (this.#lastKey - this.#firstKey) / (this.#keys - 1);
    return {
      count: this.#keys,
      interval: { min: round(this.#min), average: round(average), max: round(this.#max) },
    };
  }
}

/** Distances between frames in the order in which they are shown; B-frames come at most 16 packets late. */
class Gaps {
  readonly #waiting: number[] = [];
  #last: number | undefined;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  see(time: number): void {
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1]! > time) at--;
    this.#waiting.splice(at, 0, time);
    if (this.#waiting.length > 16) this.#take();
  }

  #take(): void {
    const next = this.#waiting.shift()!;
    if (this.#last !== undefined) {
      this.#min = Math.min(this.#min, next - this.#last);
      this.#max = Math.max(this.#max, next - this.#last);
    }
    this.#last = next;
  }

  /** A clock in milliseconds (FLV, Matroska) makes 33 and 34 of 33.3: two of its ticks are no unevenness. */
  get uneven(): boolean {
    while (this.#waiting.length > 0) this.#take();
    return this.#max - this.#min > 0.0025 && this.#max > this.#min * 1.1;
  }
}
