/** One muxer and its connection: opened, written, and after a failure opened again. */
import { setTimeout as delay } from 'node:timers/promises';
import { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC } from 'node-av/constants';
import { Dictionary, FormatContext, Packet, type Stream } from 'node-av/lib';
import type { TrackKind } from '../timeline.ts';
import { failure, ticks } from './formats.ts';
import { redact } from './log.ts';
import type { Tracks } from './publish.ts';
import { addStreams, type Streams } from './streams.ts';
import { filler, type PaddedCodec, TinyPictures } from './tiny.ts';

export interface OutputTarget {
  /** With credentials: never logged. */
  url: string;
  format: string;
  select?: 'v' | 'a';
}

export interface OutputOptions {
  target: OutputTarget;
  tracks: Tracks;
  /** The connection before this one to the same place. */
  after: Promise<void>;
  wantKey(): void;
  log(level: 'info' | 'warn', message: string): void;
}

const PAUSE = 200;
/** A server gets this long to let go. */
const FAREWELL = 500;
/** Packets that wait for a server that doesn't take them; then they are dropped up to a key frame. */
const WAITING = 250;

/** As src/plan/publish.ts tells ffmpeg: docs/sync.md has what each of them is for. */
const muxers: Record<string, Record<string, string>> = {
  mpegts: { pes_payload_size: '0', omit_video_pes_length: '0', flush_packets: '1', max_delay: '0' },
  flv: { flvflags: 'no_duration_filesize', flush_packets: '1' },
  rtsp: { rtsp_transport: 'tcp' },
};

interface Open {
  context: FormatContext;
  streams: Streams;
  /** Its pictures may need filling up. */
  padded: PaddedCodec | undefined;
}

export class Output {
  readonly #options: OutputOptions;
  /** SRT never waits: what comes too late it drops. Elsewhere a write may wait for the other side. */
  readonly #direct: boolean;
  readonly #own = new Packet();
  readonly #tiny = new TinyPictures();
  #open: Open | undefined;
  #context: FormatContext | undefined;
  /** Nothing before the first key frame: a decoder could not begin with it. */
  #begun = false;
  #waiting: Packet[] = [];
  #wake: (() => void) | undefined;
  #failed: string | undefined;
  #closed = false;
  readonly #life: Promise<void>;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#direct = options.target.url.startsWith('srt:') || !options.target.url.includes('://');
    this.#own.alloc();
    this.#life = this.#live();
  }

  write(kind: TrackKind, packet: Packet): void {
    const stream = this.#open?.streams[kind];
    if (!this.#open || !stream || this.#failed !== undefined || !this.#begins(kind, packet)) return;
    const own = this.#direct ? this.#own : new Packet();
    if (!this.#direct) own.alloc();
    const { padded } = this.#open;
    const lacks = kind === 'picture' && padded ? this.#tiny.lacks(packet.size) : 0;
    if (padded && lacks > 0) append(own, packet, filler(padded, lacks));
    else own.ref(packet);
    own.streamIndex = stream.index;
    own.rescaleTs(ticks, stream.timeBase);
    if (this.#direct) {
      const refused = failure(this.#open.context.writeFrameSync(own));
      own.unref();
      if (refused) this.#fail(refused);
      return;
    }
    this.#waiting.push(own);
    if (this.#waiting.length > WAITING) this.#drop();
    this.#wake?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    const late = setTimeout(() => this.#context?.interrupt(), FAREWELL);
    await Promise.race([this.#life, delay(2 * FAREWELL, undefined, { ref: false })]);
    clearTimeout(late);
  }

  #begins(kind: TrackKind, packet: Packet): boolean {
    if (this.#begun || !this.#open?.streams.picture) return true;
    this.#begun = kind === 'picture' && packet.isKeyframe;
    return this.#begun;
  }

  #fail(why: string): void {
    this.#failed = why;
    this.#wake?.();
  }

  #drop(): void {
    for (const packet of this.#waiting.splice(0)) packet.free();
    this.#begun = false;
    this.#options.wantKey();
  }

  async #live(): Promise<void> {
    await this.#options.after;
    let said = false;
    while (!this.#closed) {
      const open = await this.#connect();
      if (typeof open === 'string') {
        if (!said) this.#options.log('warn', `an output can't be opened: ${redact(open)}`);
        said = true;
        if (!this.#closed) await delay(PAUSE);
        continue;
      }
      if (said) this.#options.log('info', 'the output is open again');
      said = false;
      this.#begun = false;
      this.#failed = undefined;
      this.#open = open;
      if (open.streams.picture) this.#options.wantKey();
      await this.#serve(open);
      this.#open = undefined;
      for (const packet of this.#waiting.splice(0)) packet.free();
      // Not of a connection that is gone: it would only wait for it.
      if (this.#failed === undefined) await open.context.writeTrailer();
      else if (!this.#closed) {
        this.#options.log('warn', `an output has failed and is opened again: ${redact(this.#failed)}`);
        said = true;
      }
      await this.#release(open.context);
      if (!this.#closed) await delay(PAUSE);
    }
  }

  /** Until it fails or is closed. */
  async #serve({ context }: Open): Promise<void> {
    while (this.#failed === undefined) {
      const packet = this.#waiting.shift();
      if (packet) {
        const refused = failure(await context.writeFrame(packet));
        packet.free();
        if (refused) this.#failed = refused;
      } else if (this.#closed) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }

  async #connect(): Promise<Open | string> {
    const { target, tracks } = this.#options;
    const context = new FormatContext();
    this.#context = context;
    context.allocOutputContext2(null, target.format, target.url);
    const streams = addStreams(context, tracks);
    const file = target.format !== 'rtsp';
    const options = Dictionary.fromObject(muxers[target.format] ?? {});
    const refused =
      (file && failure(await context.openOutput())) || failure(await context.writeHeader(options));
    if (!refused) return { context, streams, padded: paddedOf(target.format, streams.picture) };
    await this.#release(context);
    return refused;
  }

  async #release(context: FormatContext): Promise<void> {
    await context.closeOutput();
    context.freeContext();
    this.#context = undefined;
  }
}

function paddedOf(format: string, picture: Stream | undefined): PaddedCodec | undefined {
  const codec = picture?.codecpar.codecId;
  if (format !== 'mpegts') return undefined;
  return codec === AV_CODEC_ID_H264 ? 'h264' : codec === AV_CODEC_ID_HEVC ? 'hevc' : undefined;
}

/** A packet is what it was with more behind it: whoever sets data anew loses all else. */
function append(own: Packet, { data, pts, dts, duration, isKeyframe }: Packet, more: Buffer): void {
  own.data = data ? Buffer.concat([data, more]) : more;
  Object.assign(own, { pts, dts, duration, isKeyframe });
}
