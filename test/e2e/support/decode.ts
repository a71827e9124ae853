/**
 * One ffmpeg that reads a stream and hands over every decoded picture and block of sound with its own
 * time stamp and the moment at which it arrived. Pictures come as 16 x 9 gray pixels: the lowest row is
 * the frame's number, the rest tells a flash from no flash.
 */
import type { Readable } from 'node:stream';
import { ffmpegPath } from './binaries.ts';
import { readCounterRow } from './counter.ts';
import type { Child, Scope } from './process.ts';

export interface Picture {
  /** Seconds, as the stream says. */
  pts: number;
  /** performance.now() at arrival. */
  at: number;
  /** Mean of the picture without the row of the counter, 0 to 255. */
  luma: number;
  /** Number of the frame; null: not a picture of our clips. */
  counter: number | null;
}

export interface Sound {
  /** Seconds, of the first sample. */
  pts: number;
  at: number;
  rate: number;
  /** Mono. */
  samples: Int16Array;
}

export interface DecodeOptions {
  url: string;
  inputArgs?: string[];
  /** Default both. */
  tracks?: 'video' | 'audio' | 'both';
  onPicture?: (picture: Picture) => void;
  onSound?: (sound: Sound) => void;
}

const CELLS = 16 * 9;
const COUNTER_CELLS = 16;
const TIME_BASE = 90_000;

/** What ffmpeg needs to know before `-i` for each kind of address. */
export function inputArgsOf(url: string): string[] {
  if (/^rtsps?:/.test(url)) return ['-rtsp_transport', 'tcp', '-timeout', '15000000'];
  if (/^rtmps?:/.test(url)) return ['-rw_timeout', '15000000'];
  if (/^https?:/.test(url)) return ['-rw_timeout', '15000000'];
  return [];
}

/** Calls back with each line of a stream. */
function lines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('latin1')).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) onLine(line);
  });
}

function pictureOf(cells: Buffer, pts: number, at: number): Picture {
  const body = cells.subarray(0, CELLS - COUNTER_CELLS);
  let sum = 0;
  for (const pixel of body) sum += pixel;
  return { pts, at, luma: sum / body.length, counter: readCounterRow(cells.subarray(CELLS - COUNTER_CELLS)) };
}

/** Pixels or samples come by one pipe, time stamps by another, both in the same order. */
class Zip<Stamp> {
  private readonly stamps: { stamp: Stamp; at: number }[] = [];
  private data: { bytes: Buffer; at: number }[] = [];
  private size = 0;
  private readonly sizeOf: (stamp: Stamp) => number;
  private readonly emit: (stamp: Stamp, bytes: Buffer, at: number) => void;

  constructor(sizeOf: (stamp: Stamp) => number, emit: (stamp: Stamp, bytes: Buffer, at: number) => void) {
    this.sizeOf = sizeOf;
    this.emit = emit;
  }

  stamp(stamp: Stamp): void {
    this.stamps.push({ stamp, at: performance.now() });
    this.flush();
  }

  bytes(bytes: Buffer): void {
    this.data.push({ bytes, at: performance.now() });
    this.size += bytes.length;
    this.flush();
  }

  private flush(): void {
    for (let next = this.stamps[0]; next !== undefined; next = this.stamps[0]) {
      const wanted = this.sizeOf(next.stamp);
      if (this.size < wanted) return;
      this.stamps.shift();
      const { bytes, at } = this.take(wanted);
      // ffmpeg says the time of a picture when it is decoded, and often writes it out with the next one only.
      this.emit(next.stamp, bytes, Math.min(at, next.at));
    }
  }

  private take(wanted: number): { bytes: Buffer; at: number } {
    const parts: Buffer[] = [];
    let at = 0;
    for (let missing = wanted; missing > 0; ) {
      const head = this.data[0]!;
      const part = head.bytes.subarray(0, missing);
      parts.push(part);
      at = head.at;
      missing -= part.length;
      if (part.length === head.bytes.length) this.data.shift();
      else head.bytes = head.bytes.subarray(part.length);
    }
    this.size -= wanted;
    return { bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts), at };
  }
}

const pictureLine = /Parsed_showinfo[^\]]*\] n: *\d+ pts: *(-?\d+)/;
const soundLine = /Parsed_ashowinfo[^\]]*\] n:\d+ pts:(-?\d+) .* rate:(\d+) nb_samples:(\d+)/;

/** Starts to read; the child ends with the stream, by `stop()` or with the scope. */
export function decode(s: Scope, options: DecodeOptions): Child {
  const { url, tracks = 'both', onPicture, onSound } = options;
  const video = tracks !== 'audio';
  const audio = tracks !== 'video';
  const vf = `format=gray,scale=16:9:flags=area,settb=1/${TIME_BASE},showinfo=checksum=0`;
  const af = `aformat=sample_fmts=s16:channel_layouts=mono,asettb=1/${TIME_BASE},ashowinfo`;
  const args = [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'info', '-copyts', '-threads', '1'],
    ...(options.inputArgs ?? inputArgsOf(url)),
    ...['-i', url],
    ...(video ? ['-map', '0:v:0', '-vf', vf, '-fps_mode', 'passthrough', '-enc_time_base', '1/90000'] : []),
    ...(video
      ? ['-c:v', 'rawvideo', '-pix_fmt', 'gray', '-flush_packets', '1', '-f', 'rawvideo', 'pipe:1']
      : []),
    ...(audio
      ? ['-map', '0:a:0', '-af', af, '-c:a', 'pcm_s16le', '-flush_packets', '1', '-f', 's16le', 'pipe:3']
      : []),
  ];
  const child = s.spawn(ffmpegPath(), args, { name: `decode ${url}`, rawStdout: true, pipes: 1 });
  const pictures = new Zip<number>(
    () => CELLS,
    (pts, bytes, at) => onPicture?.(pictureOf(bytes, pts / TIME_BASE, at)),
  );
  const sounds = new Zip<{ pts: number; rate: number; count: number }>(
    (stamp) => stamp.count * 2,
    (stamp, bytes, at) => {
      const samples = new Int16Array(stamp.count);
      for (let index = 0; index < stamp.count; index += 1) samples[index] = bytes.readInt16LE(index * 2);
      onSound?.({ pts: stamp.pts / TIME_BASE, at, rate: stamp.rate, samples });
    },
  );
  child.process.stdout!.on('data', (chunk: Buffer) => pictures.bytes(chunk));
  (child.process.stdio[3] as Readable).on('data', (chunk: Buffer) => sounds.bytes(chunk));
  lines(child.process.stderr!, (line) => {
    const picture = pictureLine.exec(line);
    if (picture !== null) pictures.stamp(Number(picture[1]));
    const sound = soundLine.exec(line);
    if (sound !== null) {
      sounds.stamp({ pts: Number(sound[1]), rate: Number(sound[2]), count: Number(sound[3]) });
    }
  });
  return child;
}
