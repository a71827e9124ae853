/**
 * The loop of a hooked route: packets in, pictures through the stage, packets out. It knows no file and no server of its
 * own, so that a hook can be tried over a clip with the very same steps.
 */
import { AV_NOPTS_VALUE } from 'node-av/constants';
import { CodecParameters, type Frame, Packet, type Stream } from 'node-av/lib';
import type { HookFigures, WorkerVideo } from './job.ts';
import { frameRate, PictureDecoder } from './libav/decode.ts';
import { PictureEncoder } from './libav/encode.ts';
import { ticks } from './libav/formats.ts';
import type { Input } from './libav/input.ts';
import { limited } from './libav/log.ts';
import type { OutputTarget } from './libav/output.ts';
import { type DrawOverlay, LibavPicture } from './libav/picture.ts';
import { Publisher } from './libav/publish.ts';
import { Scaler, type Shape, unmask } from './libav/scale.ts';
import { LoopFigures } from './loop-figures.ts';
import { PendingPackets } from './pending.ts';
import type { Decoded, Stage } from './picture.ts';
import { Lag, SoundQueue } from './sound.ts';
import type { Hardware } from './spec.ts';
import { Thinner } from './thin.ts';
import { Forward, TICKS, Timeline } from './timeline.ts';

export interface LoopOptions {
  video: WorkerVideo;
  targets: OutputTarget[];
  hardware: Hardware;
  /** Milliseconds that sound waits for its picture at most. */
  soundHold: number;
  /** A file: every frame goes through, and time is that of the file. */
  everyFrame?: boolean;
  stage(emit: (picture: Decoded) => void): Stage;
  draw: DrawOverlay;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

interface HeldPacket {
  packet: Packet;
  pts: number;
  dts: number;
  bytes: number;
  key: boolean;
  at: number;
}

/** Pictures decoded in one go, before others get their turn. */
const IN_ONE_GO = 4;

export class Loop {
  readonly #options: LoopOptions;
  readonly #stage: Stage;
  readonly #figures = new LoopFigures();
  readonly #timeline = new Timeline();
  readonly #forward = new Forward();
  readonly #thinner: Thinner;
  readonly #scaler = new Scaler();
  readonly #publisher: Publisher;
  readonly #sound: SoundQueue<HeldPacket>;
  readonly #lag = new Lag();
  readonly #pending: PendingPackets<HeldPacket>;
  readonly #trouble: (line: string, now: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #draining = false;
  #decoder: PictureDecoder | undefined;
  #encoder: PictureEncoder | undefined;
  #fps = 25;
  #shape: Shape | undefined;
  /** As the outputs carry it. */
  #soundTrack: CodecParameters | undefined;
  #soundNew = false;
  #hasPicture = false;
  #sequence = 0;
  #lastPicture = 0;
  /** When the packet under decode came. */
  #taking = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    const { log } = options;
    this.#trouble = limited((line) => log('warn', line));
    this.#thinner = new Thinner(options.video.fps);
    this.#publisher = new Publisher({
      targets: options.targets,
      wantKey: () => this.#encoder?.wantKey(),
      log,
    });
    this.#sound = new SoundQueue(options.soundHold, (held) => this.#writeSound(held));
    this.#pending = new PendingPackets(({ packet }) => {
      this.#figures.dropped++;
      packet.free();
    });
    this.#stage = options.stage((picture) => this.#emit(picture));
  }

  get stage(): Stage {
    return this.#stage;
  }

  figures(): HookFigures {
    this.#mayWrite();
    return this.#figures.report(this.#stage.figures(), performance.now());
  }

  /** One connection, until it ends. */
  async run(input: Input): Promise<void> {
    this.#connect(input);
    const packet = new Packet();
    packet.alloc();
    try {
      for (let kind = await input.read(packet); kind; kind = await input.read(packet)) {
        const stream = kind === 'picture' ? input.picture : input.sound;
        if (stream && this.#placed(kind, packet, stream)) {
          if (kind === 'sound') this.#soundCame(packet);
          else await this.#pictureCame(packet);
        }
        packet.unref();
      }
    } finally {
      packet.free();
      this.#disconnect();
    }
  }

  /** What is inside goes out; then nothing is left of it. */
  async stop(): Promise<void> {
    await this.#stage.stop();
    if (this.#mayWrite()) this.#encoder?.flush();
    clearTimeout(this.#timer);
    this.#sound.flush();
    await this.#publisher.close();
  }

  #connect({ picture, sound }: Input): void {
    this.#timeline.reconnect();
    this.#lag.reset();
    this.#encoder?.wantKey();
    this.#hasPicture = false;
    if (picture) {
      const { hardware, log } = this.#options;
      this.#fps = frameRate(picture);
      try {
        this.#decoder = new PictureDecoder(picture, { hardware, log: (message) => log('info', message) });
        this.#hasPicture = true;
      } catch (error) {
        log('error', `the picture is left out: ${error instanceof Error ? error.message : error}`);
      }
    }
    if (sound && !sameSound(this.#soundTrack, sound.codecpar)) {
      this.#soundTrack = new CodecParameters();
      this.#soundTrack.alloc();
      sound.codecpar.copy(this.#soundTrack);
      this.#soundNew = true;
    }
  }

  #disconnect(): void {
    this.#pending.clear();
    const decoder = this.#decoder;
    this.#decoder = undefined;
    decoder?.decode(null, (frame) => this.#decoded(frame));
    decoder?.free();
  }

  /** Brings the packet's times onto the output's timeline; false: it can't be told where it belongs. */
  #placed(kind: 'picture' | 'sound', packet: Packet, stream: Stream): boolean {
    packet.rescaleTs(stream.timeBase, ticks);
    if (packet.pts === AV_NOPTS_VALUE) packet.pts = packet.dts;
    if (packet.dts === AV_NOPTS_VALUE) packet.dts = packet.pts;
    if (packet.pts === AV_NOPTS_VALUE) return false;
    const raw = { pts: Number(packet.pts), dts: Number(packet.dts) };
    const now = this.#options.everyFrame ? undefined : performance.now();
    const out = this.#timeline.place(kind, raw, now);
    if (kind === 'picture') this.#lag.came(out.pts, performance.now());
    else if (!this.#forward.accepts('sound', out.pts)) return false;
    packet.pts = BigInt(out.pts);
    packet.dts = BigInt(out.dts);
    this.#figures.offset.read(kind, raw.pts, out.pts);
    return true;
  }

  #soundCame(packet: Packet): void {
    const held = hold(packet);
    if (!held) return;
    if (this.#hasPicture) this.#sound.push(held, held.at);
    else this.#writeSound(held);
    this.#wait();
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

  #writeSound({ packet, pts }: HeldPacket): void {
    if (this.#mayWrite()) {
      this.#publisher.write('sound', packet);
      this.#figures.soundWritten(pts);
    }
    packet.free();
  }

  async #pictureCame(packet: Packet): Promise<void> {
    if (!this.#decoder) return;
    if (this.#options.everyFrame) {
      this.#decode(packet);
      if (this.#stage.full) await new Promise<void>((resolve) => this.#stage.whenRoom(resolve));
    } else if (this.#stage.full || this.#draining) {
      const held = hold(packet);
      if (held) this.#pending.push(held);
      this.#drain();
    } else this.#decode(packet);
  }

  /** Goes through what has waited, as far as there is room. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    const go = (): void => {
      for (let count = 0; count < IN_ONE_GO && !this.#stage.full; count++) {
        const held = this.#pending.shift();
        if (!held) {
          this.#draining = false;
          return;
        }
        this.#decode(held.packet);
        held.packet.free();
      }
      if (this.#stage.full) this.#stage.whenRoom(() => setImmediate(go));
      else setImmediate(go);
    };
    go();
  }

  #decode(packet: Packet): void {
    const decoder = this.#decoder;
    if (!decoder) return;
    const errors = decoder.errors;
    const begun = performance.now();
    this.#taking = 0;
    decoder.decode(packet, (frame) => {
      const start = performance.now();
      this.#decoded(frame);
      this.#taking += performance.now() - start;
    });
    const now = performance.now();
    this.#figures.decode.add(now - begun - this.#taking, now);
    if (decoder.errors === errors) return;
    this.#figures.errors++;
    this.#trouble('a packet of the picture can’t be decoded', now);
  }

  #decoded(frame: Frame): void {
    const time = frame.pts === AV_NOPTS_VALUE ? frame.bestEffortTimestamp : frame.pts;
    this.#figures.in++;
    const sequence = this.#sequence++;
    if (time === AV_NOPTS_VALUE || !this.#forward.accepts('picture', Number(time))) {
      this.#figures.dropped++;
      frame.free();
      return;
    }
    const now = performance.now();
    const facts = {
      sequence,
      pts: time,
      wallClock: Date.now(),
      decodedAt: now,
      keyFrame: frame.keyFrame === 1,
    };
    try {
      const normal = this.#scaler.normal(frame, this.#shapeLike(frame));
      this.#stage.push(new LibavPicture({ scaler: this.#scaler, draw: this.#options.draw }, normal, facts));
    } catch (error) {
      this.#figures.errors++;
      this.#trouble(`a picture is left out: ${error instanceof Error ? error.message : error}`, now);
    }
  }

  /** That of the first picture is that of all. */
  #shapeLike(frame: Frame): Shape {
    unmask(frame);
    const { width, height } = this.#options.video.size ?? frame;
    this.#shape ??= { width: width & ~1, height: height & ~1, range: frame.colorRange };
    return this.#shape;
  }

  #emit(picture: Decoded): void {
    const pts = Number(picture.pts);
    const step = Math.min(pts - this.#lastPicture, TICKS / 2);
    this.#lastPicture = pts;
    try {
      if (!(picture instanceof LibavPicture)) throw new Error('a picture that is none of ours');
      this.#encoder ??= this.#openEncoder(picture.frame);
      if (this.#mayWrite() && this.#thinner.keeps(pts)) this.#encode(picture);
    } catch (error) {
      this.#figures.errors++;
      this.#trouble(error instanceof Error ? error.message : String(error), performance.now());
    } finally {
      picture.free();
    }
    const now = performance.now();
    this.#lag.left(pts, now);
    this.#sound.pictureWritten(pts + step, this.#lag.ms, now);
    this.#wait();
  }

  #encode(picture: LibavPicture): void {
    const begun = performance.now();
    this.#encoder?.encode(picture.frame, picture.pts);
    const now = performance.now();
    this.#figures.encode.add(now - begun, now);
    this.#figures.latency.add(now - picture.decodedAt, now);
  }

  #openEncoder(like: Frame): PictureEncoder {
    const { video, hardware, targets, log } = this.#options;
    const globalHeader = targets.some(({ format }) => format !== 'mpegts');
    const fps = Math.min(this.#fps, video.fps ?? this.#fps);
    const said = (message: string): void => log('info', message);
    return new PictureEncoder({ video, hardware, fps, globalHeader, log: said }, like, (packet) => {
      this.#publisher.write('picture', packet);
      this.#figures.pictureWritten(Number(packet.pts), performance.now());
    });
  }

  /** Opens and closes the outputs as the stage wills. */
  #mayWrite(): boolean {
    if (this.#stage.muted) {
      if (this.#publisher.open) void this.#publisher.close();
      return false;
    }
    if (this.#publisher.open && !this.#soundNew) return true;
    if (this.#hasPicture ? !this.#encoder : !this.#soundTrack) return false;
    this.#soundNew = false;
    const [picture, sound] = [this.#encoder, this.#soundTrack];
    this.#publisher.start({
      ...(picture ? { picture } : {}),
      ...(sound ? { sound: { describe: (parameters) => sound.copy(parameters) } } : {}),
    });
    return true;
  }
}

/** The packet with a life of its own. */
function hold(packet: Packet): HeldPacket | undefined {
  const own = packet.clone();
  if (!own) return undefined;
  const times = { pts: Number(packet.pts), dts: Number(packet.dts) };
  return { packet: own, ...times, bytes: packet.size, key: packet.isKeyframe, at: performance.now() };
}

function sameSound(one: CodecParameters | undefined, other: CodecParameters): boolean {
  if (!one) return false;
  const same = one.codecId === other.codecId && one.sampleRate === other.sampleRate;
  const headers = Buffer.compare(one.extradata ?? Buffer.alloc(0), other.extradata ?? Buffer.alloc(0)) === 0;
  return same && one.channels === other.channels && headers;
}
