/** The way out: pictures through the encoder, sound when its picture has gone, both into the outputs. */
import type { Frame, Packet } from 'node-av/lib';
import type { WorkerVideo } from './job.ts';
import { PictureEncoder } from './libav/encode.ts';
import type { Input } from './libav/input.ts';
import type { OutputTarget } from './libav/output.ts';
import type { LibavPicture } from './libav/picture.ts';
import { Publisher, type Sink } from './libav/publish.ts';
import { SoundTrack } from './libav/sound-track.ts';
import type { LoopFigures } from './loop-figures.ts';
import { Lag, SoundQueue } from './sound.ts';
import type { Hardware } from './spec.ts';
import { Thinner } from './thin.ts';
import { TICKS } from './timeline.ts';

export interface WriterOptions {
  video: WorkerVideo;
  targets: OutputTarget[];
  /** Instead of the targets. */
  sink?: Sink | undefined;
  hardware: Hardware;
  /** Milliseconds that sound waits for its picture at most. */
  soundHold: number;
  figures: LoopFigures;
  /** Nothing may be seen or heard now. */
  muted(): boolean;
  log(level: 'info' | 'warn', message: string): void;
}

/** A feed that is away for longer than its restarts take (ms): the server is told that nothing flows. */
const AWAY = 3000;

/** A packet with a life of its own; times in ticks. */
export interface HeldPacket {
  packet: Packet;
  pts: number;
  dts: number;
  bytes: number;
  key: boolean;
  /** Monotonic ms at which it came. */
  at: number;
}

export class Writer {
  /** The picture's packets tell it when they come. */
  readonly lag = new Lag();
  readonly #options: WriterOptions;
  readonly #thinner: Thinner;
  readonly #publisher: Sink;
  readonly #sound: SoundQueue<HeldPacket>;
  #timer: NodeJS.Timeout | undefined;
  #away: NodeJS.Timeout | undefined;
  #encoder: PictureEncoder | undefined;
  #soundTrack: SoundTrack | undefined;
  #soundNew = false;
  #hasPicture = false;
  #fps = 25;
  #last = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { targets, sink, video, soundHold, log } = options;
    this.#thinner = new Thinner(video.fps);
    const wantKey = (): void => this.#encoder?.wantKey();
    this.#publisher = sink ?? new Publisher({ targets, wantKey, log });
    this.#sound = new SoundQueue(soundHold, (held) => this.#writeSound(held));
  }

  /** A new connection: its pictures begin with a key frame. @param fps expected; undefined: there are no pictures */
  connect(sound: Input['sound'], fps: number | undefined): void {
    clearTimeout(this.#away);
    this.lag.reset();
    this.#encoder?.wantKey();
    this.#hasPicture = fps !== undefined;
    this.#fps = fps ?? this.#fps;
    if (!sound || this.#soundTrack?.fits(sound.codecpar)) return;
    this.#soundTrack = new SoundTrack(sound.codecpar);
    this.#soundNew = true;
  }

  /** The feed has ended; what it left goes out. The outputs stay for when it comes back soon. */
  disconnect(): void {
    clearTimeout(this.#away);
    if (this.#options.sink) return;
    this.#away = setTimeout(() => void this.#publisher.close(), AWAY);
  }

  sound(held: HeldPacket): void {
    if (this.#hasPicture) this.#sound.push(held, held.at);
    else this.#writeSound(held);
    this.#wait();
  }

  /** The picture stays the caller's. @throws where it can't be encoded */
  picture(picture: LibavPicture): void {
    const pts = Number(picture.pts);
    const until = pts + Math.min(pts - this.#last, TICKS / 2);
    this.#last = pts;
    try {
      this.#encoder ??= this.#openEncoder(picture.frame);
      if (this.mayWrite() && this.#thinner.keeps(pts)) this.#encode(this.#encoder, picture);
    } finally {
      const now = performance.now();
      this.lag.left(pts, now);
      this.#sound.pictureWritten(until, this.lag.ms, now);
      this.#wait();
    }
  }

  /** Closes the outputs if nothing may be seen now. */
  heedMute(): boolean {
    const muted = this.#options.muted();
    if (muted && this.#publisher.open) void this.#publisher.close();
    return muted;
  }

  /** Opens the outputs when there is something to write, unless the stage forbids it. */
  mayWrite(): boolean {
    if (this.heedMute()) return false;
    if (this.#publisher.open && !this.#soundNew) return true;
    if (this.#hasPicture ? !this.#encoder : !this.#soundTrack) return false;
    this.#soundNew = false;
    const [picture, sound] = [this.#encoder, this.#soundTrack];
    this.#publisher.start({ ...(picture ? { picture } : {}), ...(sound ? { sound } : {}) });
    return true;
  }

  /** What is inside goes out. */
  async stop(): Promise<void> {
    if (!this.heedMute() && this.#publisher.open) this.#encoder?.flush();
    clearTimeout(this.#timer);
    clearTimeout(this.#away);
    this.#sound.flush();
    await this.#publisher.close();
  }

  #encode(encoder: PictureEncoder, picture: LibavPicture): void {
    const { figures } = this.#options;
    const begun = performance.now();
    encoder.encode(picture.frame, picture.pts);
    const now = performance.now();
    figures.spent('encode', now - begun, now);
    figures.latency.add(now - picture.decodedAt, now);
  }

  #writeSound({ packet, pts }: HeldPacket): void {
    if (this.mayWrite()) {
      this.#publisher.write('sound', packet);
      this.#options.figures.soundWritten(pts);
    }
    packet.free();
  }

  /** Looks again when the oldest sound has waited long enough. */
  #wait(): void {
    clearTimeout(this.#timer);
    const ms = this.#sound.next(performance.now());
    if (ms === undefined || !Number.isFinite(ms)) return;
    this.#timer = setTimeout(() => {
      this.#sound.tick(performance.now());
      this.#wait();
    }, ms);
  }

  #openEncoder(like: Frame): PictureEncoder {
    const { video, hardware, targets, figures, log } = this.#options;
    const globalHeader = targets.some(({ format }) => format !== 'mpegts');
    const fps = Math.min(this.#fps, video.fps ?? this.#fps);
    const said = (message: string): void => log('info', message);
    return new PictureEncoder({ video, hardware, fps, globalHeader, log: said }, like, (packet) => {
      this.#publisher.write('picture', packet);
      figures.pictureWritten(Number(packet.pts), performance.now());
    });
  }
}
