/** JPEG and PNG in memory, by libav: for hooks over HTTP. */
import {
  AV_CODEC_FLAG_QSCALE,
  AV_CODEC_ID_MJPEG,
  AV_CODEC_ID_PNG,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUV422P,
  AV_PIX_FMT_YUV444P,
  AV_PIX_FMT_YUVJ420P,
  AV_PIX_FMT_YUVJ422P,
  AV_PIX_FMT_YUVJ444P,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  FF_QP2LAMBDA,
} from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet, Rational, SoftwareScaleContext } from 'node-av/lib';
import type { ShownFrame } from '../adapter.ts';
import type { Picture } from '../contract.ts';
import { failure, pixelFormatNumber } from './formats.ts';
import { Scaler } from './scale.ts';

export type ImageType = 'jpeg' | 'png';

/** No picture of a video is larger; a file of a few bytes can claim to be. */
const MOST_PIXELS = 8192 * 4320;

/** Names of their own for full range, under which the scaler doesn't know them. */
const fullRange = new Map([
  [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P],
  [AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P],
  [AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P],
]);
const yuv = new Set(fullRange.values());

interface Encoder {
  key: string;
  context: CodecContext;
  /** From the frame's format, limited range, to what JPEG takes. */
  scaler: SoftwareScaleContext;
  frame: Frame;
}

/** All calls are synchronous: a 720p picture takes some milliseconds. */
export class ImageCodec {
  readonly #packet = new Packet();
  readonly #decoded = new Frame();
  readonly #scaler = new Scaler();
  readonly #decoders = new Map<ImageType, CodecContext>();
  #encoder: Encoder | undefined;
  /** Holds the pixels of the last answer. */
  #picture: Frame | undefined;

  constructor() {
    this.#packet.alloc();
    this.#decoded.alloc();
  }

  /**
   * `quality` 1…100, as libjpeg and OpenCV count it. The numbers of the colours are kept as they are: BT.709 pictures
   * would need a detour over RGB, and come back from most servers as they were sent.
   */
  encode({ format, width, height, planes }: ShownFrame, quality: number): Buffer {
    const q = quantizer(quality);
    const key = `${format} ${width}x${height} ${q}`;
    if (this.#encoder?.key !== key) {
      this.#freeEncoder();
      this.#encoder = openEncoder(key, pixelFormatNumber[format], width, height, q);
    }
    const { context, scaler, frame } = this.#encoder;
    must(frame.makeWritable(), 'no memory for a picture');
    const [data, strides] = [planes.map((plane) => plane.data), planes.map((plane) => plane.stride)];
    must(scaler.scaleSync(data, strides, 0, height, frame.data ?? [], frame.linesize), 'no JPEG can be made');
    must(context.sendFrameSync(frame), 'no JPEG can be made');
    must(context.receivePacketSync(this.#packet), 'no JPEG can be made');
    try {
      return Buffer.from(this.#packet.data ?? Buffer.alloc(0));
    } finally {
      this.#packet.unref();
    }
  }

  /** @throws for what is no whole picture. The planes are valid until the next call. */
  decode(type: ImageType, bytes: Buffer): Picture {
    if (type === 'jpeg' && !isWhole(bytes)) throw new Error('the JPEG is cut off');
    const decoder = this.#decoder(type);
    this.#packet.data = bytes;
    const broken = `the ${type.toUpperCase()} is broken`;
    try {
      must(decoder.sendPacketSync(this.#packet), broken);
      must(decoder.receiveFrameSync(this.#decoded), broken);
    } catch (error) {
      decoder.flushBuffers();
      throw error;
    } finally {
      this.#packet.unref();
    }
    try {
      return this.#normal(this.#decoded);
    } finally {
      this.#decoded.unref();
    }
  }

  free(): void {
    this.#freeEncoder();
    for (const decoder of this.#decoders.values()) decoder.freeContext();
    this.#decoders.clear();
    this.#picture?.free();
    this.#picture = undefined;
    this.#scaler.pool.clear();
    this.#decoded.free();
    this.#packet.free();
  }

  #normal(frame: Frame): Picture {
    const plain = fullRange.get(frame.format as typeof AV_PIX_FMT_YUVJ420P);
    if (plain !== undefined) {
      frame.format = plain;
      frame.colorRange = AVCOL_RANGE_JPEG;
    }
    const { width, height } = frame;
    const isYuv = yuv.has(frame.format as typeof AV_PIX_FMT_YUV420P);
    if (this.#picture) this.#scaler.pool.give(this.#picture);
    const picture = isYuv
      ? this.#scaler.convert(frame, width, height, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG)
      : this.#scaler.convert(frame, width, height, AV_PIX_FMT_RGB24);
    this.#picture = picture;
    const { data, linesize } = picture;
    const planes = (data ?? []).slice(0, isYuv ? 3 : 1);
    return {
      format: isYuv ? 'yuv420p' : 'rgb24',
      width,
      height,
      planes: planes.map((data, index) => ({ data, stride: linesize[index] ?? 0 })),
    };
  }

  #decoder(type: ImageType): CodecContext {
    let context = this.#decoders.get(type);
    if (context) return context;
    const codec = Codec.findDecoder(type === 'jpeg' ? AV_CODEC_ID_MJPEG : AV_CODEC_ID_PNG);
    context = new CodecContext();
    context.allocContext3(codec);
    // More threads would give each picture only when the next one comes.
    context.threadCount = 1;
    // Not by a Dictionary: open2Sync takes it over and it is freed once more when it is collected (node-av 6.1.1).
    context.setOption('err_detect', 'explode');
    context.setOption('max_pixels', MOST_PIXELS);
    must(context.open2Sync(codec), `no decoder for ${type}`);
    this.#decoders.set(type, context);
    return context;
  }

  #freeEncoder(): void {
    this.#encoder?.context.freeContext();
    this.#encoder?.scaler.freeContext();
    this.#encoder?.frame.free();
    this.#encoder = undefined;
  }
}

function openEncoder(
  key: string,
  format: (typeof pixelFormatNumber)['yuv420p'],
  width: number,
  height: number,
  q: number,
): Encoder {
  const codec = Codec.findEncoder(AV_CODEC_ID_MJPEG);
  const context = new CodecContext();
  context.allocContext3(codec);
  context.width = width;
  context.height = height;
  context.pixelFormat = AV_PIX_FMT_YUVJ420P;
  context.colorRange = AVCOL_RANGE_JPEG;
  context.timeBase = new Rational(1, 25);
  context.threadCount = 1;
  context.qMin = 1;
  context.setFlags(AV_CODEC_FLAG_QSCALE);
  context.globalQuality = q * FF_QP2LAMBDA;
  must(context.open2Sync(codec), `no encoder for JPEG of ${width}x${height}`);
  const scaler = new SoftwareScaleContext();
  scaler.getContext(width, height, format, width, height, AV_PIX_FMT_YUVJ420P);
  const frame = new Frame();
  frame.alloc();
  frame.width = width;
  frame.height = height;
  frame.format = AV_PIX_FMT_YUVJ420P;
  frame.colorRange = AVCOL_RANGE_JPEG;
  must(frame.allocBuffer(), 'no memory for a picture');
  frame.quality = q * FF_QP2LAMBDA;
  return { key, context, scaler, frame };
}

/** libjpeg scales its tables by percent, libav the same tables by eighths. */
function quantizer(quality: number): number {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return Math.max(1, Math.min(31, Math.round((percent * 8) / 100)));
}

const startOfScan = Buffer.from([0xff, 0xda]);
const endOfImage = Buffer.from([0xff, 0xd9]);

/** libav makes up what a JPEG lacks: all pixels, or those at its end. Some writers leave a few bytes behind it. */
function isWhole(bytes: Buffer): boolean {
  return bytes.includes(startOfScan) && bytes.subarray(-64).includes(endOfImage);
}

function must(result: number, what: string): void {
  const cause = failure(result);
  if (cause) throw new Error(`${what}: ${cause}`);
}
