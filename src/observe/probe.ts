/** What a source consists of, by one short look: the facts that the planner works from. */
import { type Media, ratio, type Track } from '../media.ts';
import { Bursts } from './bursts.ts';
import {
  isNetworkUrl,
  known,
  knownNumber,
  type ProbeRecord,
  type ProbeRun,
  runProbe,
  unreadable,
} from './probe-run.ts';

export interface ProbeOptions {
  ffprobe: string;
  /** ffprobe's arguments up to and including the URL. */
  args: string[];
  /** Stands in front of the command: what ties a child to the life of this process. */
  prefix?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
  /** Milliseconds, 10 000 unless told. */
  timeoutMs?: number | undefined;
}

const ENTRIES =
  'packet=stream_index,pts_time,size,flags:' +
  'stream=index,codec_type,codec_name,profile,width,height,pix_fmt,has_b_frames,avg_frame_rate,r_frame_rate,' +
  'sample_rate,channels:stream_disposition=attached_pic:format=duration';

/** Enough for a camera that names its codecs in the SDP. */
const QUICK = ['-analyzeduration', '1000000', '-probesize', '1000000', '-read_intervals', '%+1'];

/** For a camera that sends its parameters only with the next key frame. Stands behind the URL: the last word counts. */
const LONG = ['-analyzeduration', '7000000', '-probesize', '5000000', '-read_intervals', '%+1'];

export async function probeMedia(options: ProbeOptions): Promise<Media> {
  const { args, signal, timeoutMs = 10_000 } = options;
  const url = args.at(-1) ?? '';
  const deadline = performance.now() + timeoutMs;
  const look = (before: string[], after: string[] = []) =>
    readTracks({
      ffprobe: options.ffprobe,
      prefix: options.prefix,
      url,
      args: ['-show_entries', ENTRIES, ...before, ...args, ...after],
      signal,
      timeoutMs: Math.max(1, Math.round(deadline - performance.now())),
    });

  if (!isNetworkUrl(url)) return look(['-read_intervals', '%+#80']);
  const media = await look(QUICK);
  return media.tracks.every(isComplete) ? media : look([], LONG);
}

function isComplete(track: Track): boolean {
  if (track.type === 'video') return track.width > 0;
  return track.type === 'data' || track.sampleRate > 0;
}

async function readTracks(run: Omit<ProbeRun, 'onRecord'>): Promise<Media> {
  const tracks: Track[] = [];
  const order = new PtsOrder();
  const bursts = new Bursts();
  let duration: number | undefined;
  await runProbe({
    ...run,
    onRecord(section, record) {
      if (section === 'packet') {
        order.see(record);
        bursts.see(record);
      } else if (section === 'format') duration = knownNumber(record, 'duration');
      else if (section === 'stream' && !isCover(record)) {
        tracks.push(bursts.noted(record, toTrack(record, order)));
      }
    },
  });
  if (!tracks.some((track) => track.type !== 'data'))
    throw unreadable(run.url, 'no picture and no sound in it');
  return duration === undefined ? { tracks } : { tracks, duration };
}

/** Sees packets in file order and knows which streams show them in another. */
export class PtsOrder {
  readonly #last = new Map<string, number>();
  readonly #reordered = new Set<string>();
  readonly #untimed = new Set<string>();

  see(packet: ProbeRecord): void {
    const stream = packet.get('stream_index') ?? '';
    const pts = knownNumber(packet, 'pts_time');
    if (pts === undefined) return void this.#untimed.add(stream);
    const last = this.#last.get(stream);
    if (last !== undefined && pts < last) this.#reordered.add(stream);
    if (last === undefined || pts > last) this.#last.set(stream, pts);
  }

  /** AVI carries no presentation times where there are B-frames: only then is the decoder's word taken. */
  hasBFrames(stream: ProbeRecord): boolean {
    const index = stream.get('index') ?? '';
    const unsure = this.#untimed.has(index) || !this.#last.has(index);
    return this.#reordered.has(index) || (unsure && (knownNumber(stream, 'has_b_frames') ?? 0) > 0);
  }
}

/** The cover picture of a music file is no video. */
export function isCover(stream: ProbeRecord): boolean {
  return stream.get('disposition:attached_pic') === '1';
}

export function toTrack(stream: ProbeRecord, order: PtsOrder): Track {
  const codec = known(stream, 'codec_name') ?? 'unknown';
  const profile = known(stream, 'profile');
  const type = stream.get('codec_type');
  if (type === 'video') {
    const pixelFormat = known(stream, 'pix_fmt');
    return {
      type,
      codec,
      ...(profile === undefined ? {} : { profile }),
      width: knownNumber(stream, 'width') ?? 0,
      height: knownNumber(stream, 'height') ?? 0,
      frameRate: frameRate(stream),
      bFrames: order.hasBFrames(stream),
      ...(pixelFormat === undefined ? {} : { pixelFormat }),
    };
  }
  if (type === 'audio') {
    return {
      type,
      codec,
      ...(profile === undefined ? {} : { profile }),
      sampleRate: knownNumber(stream, 'sample_rate') ?? 0,
      channels: knownNumber(stream, 'channels') ?? 0,
    };
  }
  return { type: 'data', codec };
}

/** Short looks at live streams leave the average unknown; the rate of the time stamps is then the best guess. */
function frameRate(stream: ProbeRecord): string {
  const average = known(stream, 'avg_frame_rate');
  if (average !== undefined && average !== '0/0') return average;
  const real = known(stream, 'r_frame_rate') ?? '0/0';
  // The ticks of a container's clock (1000/1, 90000/1) are no frame rate.
  return ratio(real) < 1000 ? real : '0/0';
}
