/** Pictures into packets: one encoder for the worker's life, whatever the source changes to. */
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AVERROR_EAGAIN,
} from 'node-av/constants';
import { type CodecContext, type CodecParameters, type Frame, Packet } from 'node-av/lib';
import type { WorkerVideo } from '../job.ts';
import type { Hardware } from '../spec.ts';
import { type OpenEncoder, openEncoder } from './encoders.ts';
import { failure } from './formats.ts';
import { KeyGrid } from './key-grid.ts';

export interface EncoderOptions {
  video: WorkerVideo;
  hardware: Hardware;
  /** Expected pictures a second; what comes may differ. */
  fps: number;
  /** Headers once instead of before each key frame: flv and rtsp want them so. */
  globalHeader: boolean;
  log(message: string): void;
}

export class PictureEncoder {
  readonly #open: OpenEncoder;
  readonly #packet = new Packet();
  readonly #keys: KeyGrid;
  readonly #write: (packet: Packet) => void;

  /**
   * @param like a frame in the shape that all of them have
   * @param write gets each packet, times in ticks; it is used again afterwards
   */
  constructor(options: EncoderOptions, like: Frame, write: (packet: Packet) => void) {
    const flags = options.globalHeader ? AV_CODEC_FLAG_GLOBAL_HEADER : undefined;
    this.#open = openEncoder(options, like, flags);
    this.#keys = new KeyGrid(options.video.gop * 90_000, 90_000 / Math.max(options.fps, 1));
    this.#write = write;
    this.#packet.alloc();
  }

  /** The next picture is a key frame: who reads can begin there. */
  wantKey(): void {
    this.#keys.restart();
  }

  describe(parameters: CodecParameters): void {
    parameters.fromContext(this.#open.context);
  }

  /** @param frame stays the caller's, but is labelled; @throws where the encoder refuses it */
  encode(frame: Frame, pts: bigint): void {
    const key = this.#keys.isKey(Number(pts));
    const taken = this.#open.prepare(frame);
    taken.pts = pts;
    taken.pictType = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    try {
      this.#send(taken);
    } finally {
      if (taken !== frame) this.#open.release(taken);
    }
  }

  /** What is still inside. */
  flush(): void {
    this.#open.context.sendFrameSync(null);
    this.#receive(this.#open.context);
  }

  #send(frame: Frame): void {
    const { context } = this.#open;
    let sent = context.sendFrameSync(frame);
    if (sent === AVERROR_EAGAIN) {
      this.#receive(context);
      sent = context.sendFrameSync(frame);
    }
    const refused = failure(sent);
    if (refused) throw new Error(`the encoder refuses a picture: ${refused}`);
    this.#receive(context);
  }

  #receive(context: CodecContext): void {
    while (context.receivePacketSync(this.#packet) >= 0) {
      this.#write(this.#packet);
      this.#packet.unref();
    }
  }
}
