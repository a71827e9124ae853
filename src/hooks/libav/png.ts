/** A picture for people: a PNG that is small enough to be kept beside tests. */
import { AV_CODEC_ID_PNG, AV_PIX_FMT_RGB24 } from 'node-av/constants';
import { Codec, CodecContext, type Frame, Packet, Rational } from 'node-av/lib';
import { failure } from './formats.ts';
import { Scaler } from './scale.ts';

const WIDTH = 640;
const MOST = 200_000;

export class PngMaker {
  readonly #scaler = new Scaler();

  /** @throws when libav can't */
  make(frame: Frame): Buffer {
    for (let width = Math.min(WIDTH, frame.width); ; width = Math.floor(width * 0.7)) {
      const height = Math.max(1, Math.round((frame.height * width) / frame.width));
      const rgb = this.#scaler.convert(frame, width, height, AV_PIX_FMT_RGB24);
      try {
        const png = encode(rgb);
        if (png.byteLength <= MOST || width <= 32) return png;
      } finally {
        this.#scaler.pool.give(rgb);
      }
    }
  }
}

function encode(frame: Frame): Buffer {
  const codec = Codec.findEncoder(AV_CODEC_ID_PNG);
  const context = new CodecContext();
  const packet = new Packet();
  try {
    context.allocContext3(codec);
    context.width = frame.width;
    context.height = frame.height;
    context.pixelFormat = AV_PIX_FMT_RGB24;
    context.timeBase = new Rational(1, 25);
    context.threadCount = 1;
    packet.alloc();
    for (const step of [
      () => context.open2Sync(codec, null),
      () => context.sendFrameSync(frame),
      () => context.receivePacketSync(packet),
    ]) {
      const refused = failure(step());
      if (refused) throw new Error(`a PNG can't be made: ${refused}`);
    }
    return Buffer.from(packet.data ?? Buffer.alloc(0));
  } finally {
    packet.free();
    context.freeContext();
  }
}
