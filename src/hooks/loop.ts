/**
 * The loop of a hooked route: packets in, pictures through the stage, packets out. It knows no feed and no server of its
 * own, so that a hook can be tried over a clip with the very same steps.
 */
import { AV_NOPTS_VALUE } from 'node-av/constants';
import { type Frame, Packet, type Stream } from 'node-av/lib';
import { messageOf } from '../errors.ts';
import type { HookFigures, WorkerVideo } from './job.ts';
import { frameRate, PictureDecoder } from './libav/decode.ts';
import { ticks } from './libav/formats.ts';
import type { Input } from './libav/input.ts';
import { limited } from './libav/log.ts';
import type { OutputTarget } from './libav/output.ts';
import { type DrawOverlay, LibavPicture } from './libav/picture.ts';
import type { Sink } from './libav/publish.ts';
import { Scaler, type Shape, unmask } from './libav/scale.ts';
import { LoopFigures } from './loop-figures.ts';
import { PendingPackets } from './pending.ts';
import type { Decoded, Stage } from './picture.ts';
import type { Hardware } from './spec.ts';
import { Forward, Timeline, type TrackKind } from './timeline.ts';
import { type HeldPacket, Writer } from './writer.ts';

export interface LoopOptions {
  video: WorkerVideo;
  targets: OutputTarget[];
  hardware: Hardware;
  /** Milliseconds that sound waits for its picture at most. */
  soundHold: number;
  /** A file: every frame goes through, and time is that of the file. */
  everyFrame?: boolean;
  /** Instead of the targets, whose formats still say how the encoder is set up. */
  sink?: Sink | undefined;
  decoderThreads?: number | undefined;
  /** Gets each time as it is taken. */
  timed?: ((phase: 'decode' | 'encode', ms: number) => void) | undefined;
  stage(emit: (picture: Decoded) => void): Stage;
  draw: DrawOverlay;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
}

/** Pictures decoded in one go, before others get their turn. */
const IN_ONE_GO = 4;

export class Loop {
  readonly #options: LoopOptions;
  readonly #stage: Stage;
  readonly #figures: LoopFigures;
  readonly #timeline = new Timeline();
  readonly #forward = new Forward();
  readonly #scaler = new Scaler();
  readonly #writer: Writer;
  readonly #pending: PendingPackets<HeldPacket>;
  readonly #trouble: (line: string, now: number) => void;
  #draining = false;
  #decoder: PictureDecoder | undefined;
  #shape: Shape | undefined;
  #sequence = 0;

  constructor(options: LoopOptions) {
    this.#options = options;
    const { video, targets, sink, hardware, soundHold, timed, log } = options;
    const figures = new LoopFigures(timed);
    this.#figures = figures;
    const muted = (): boolean => this.#stage.muted;
    this.#trouble = limited((line) => log('warn', line));
    this.#writer = new Writer({ video, targets, sink, hardware, soundHold, figures, muted, log });
    this.#pending = new PendingPackets(({ packet }) => {
      figures.dropped++;
      packet.free();
    });
    this.#stage = options.stage((picture) => this.#emit(picture));
  }

  get stage(): Stage {
    return this.#stage;
  }

  figures(): HookFigures {
    // Also when nothing moves, the outputs follow the stage.
    this.#writer.heedMute();
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
          if (kind === 'picture') await this.#pictureCame(packet);
          else this.#soundCame(packet);
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
    await this.#writer.stop();
  }

  #connect({ picture, sound }: Input): void {
    this.#timeline.reconnect();
    const { hardware, decoderThreads: threads, log } = this.#options;
    const said = (message: string): void => log('info', message);
    try {
      if (picture) this.#decoder = new PictureDecoder(picture, { hardware, threads, log: said });
    } catch (error) {
      log('error', `the picture is left out: ${messageOf(error)}`);
    }
    this.#writer.connect(sound, picture && this.#decoder && frameRate(picture));
  }

  #disconnect(): void {
    this.#pending.clear();
    const decoder = this.#decoder;
    this.#decoder = undefined;
    decoder?.decode(null, (frame) => this.#decoded(frame));
    decoder?.free();
    this.#writer.disconnect();
  }

  /** Brings the packet's times onto the output's timeline; false: it can't be told where it belongs. */
  #placed(kind: TrackKind, packet: Packet, stream: Stream): boolean {
    packet.rescaleTs(stream.timeBase, ticks);
    if (packet.pts === AV_NOPTS_VALUE) packet.pts = packet.dts;
    if (packet.dts === AV_NOPTS_VALUE) packet.dts = packet.pts;
    if (packet.pts === AV_NOPTS_VALUE) return false;
    const raw = { pts: Number(packet.pts), dts: Number(packet.dts) };
    const now = performance.now();
    const out = this.#timeline.place(kind, raw, this.#options.everyFrame ? undefined : now);
    if (kind === 'picture') this.#writer.lag.came(out.pts, now);
    else if (!this.#forward.accepts('sound', out.pts, Number(packet.duration), out.joint)) return false;
    packet.pts = BigInt(out.pts);
    packet.dts = BigInt(out.dts);
    this.#figures.offset.read(kind, raw.pts, out.pts);
    return true;
  }

  #soundCame(packet: Packet): void {
    const held = hold(packet);
    if (held) this.#writer.sound(held);
  }

  async #pictureCame(packet: Packet): Promise<void> {
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
    let elsewhere = 0;
    decoder.decode(packet, (frame) => {
      const start = performance.now();
      this.#decoded(frame);
      elsewhere += performance.now() - start;
    });
    const now = performance.now();
    this.#figures.spent('decode', now - begun - elsewhere, now);
    if (decoder.errors === errors) return;
    this.#figures.errors++;
    this.#trouble('a packet of the picture can’t be decoded', now);
  }

  #decoded(frame: Frame): void {
    const pts = frame.pts === AV_NOPTS_VALUE ? frame.bestEffortTimestamp : frame.pts;
    this.#figures.in++;
    const sequence = this.#sequence++;
    if (pts === AV_NOPTS_VALUE || !this.#forward.accepts('picture', Number(pts))) {
      this.#figures.dropped++;
      frame.free();
      return;
    }
    const now = performance.now();
    const facts = { sequence, pts, wallClock: Date.now(), decodedAt: now, keyFrame: frame.keyFrame === 1 };
    try {
      const normal = this.#scaler.normal(frame, this.#shapeLike(frame));
      this.#stage.push(new LibavPicture({ scaler: this.#scaler, draw: this.#options.draw }, normal, facts));
    } catch (error) {
      this.#failed(error);
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
    try {
      if (!(picture instanceof LibavPicture)) throw new Error('a picture that is none of ours');
      this.#writer.picture(picture);
    } catch (error) {
      this.#failed(error);
    } finally {
      picture.free();
    }
  }

  #failed(error: unknown): void {
    this.#figures.errors++;
    this.#trouble(`a picture is left out: ${messageOf(error)}`, performance.now());
  }
}

/** The packet with a life of its own. */
function hold(packet: Packet): HeldPacket | undefined {
  const own = packet.clone();
  if (!own) return undefined;
  const times = { pts: Number(packet.pts), dts: Number(packet.dts) };
  return { packet: own, ...times, bytes: packet.size, key: packet.isKeyframe, at: performance.now() };
}
