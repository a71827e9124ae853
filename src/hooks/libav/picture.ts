/** A decoded picture over the frame that libav holds. */
import { AV_PIX_FMT_YUV420P } from 'node-av/constants';
import { avImageCopy2, type Frame } from 'node-av/lib';
import type { ShownFrame } from '../adapter.ts';
import type { Overlay, Picture, PixelFormat, Size } from '../contract.ts';
import type { Decoded } from '../picture.ts';
import { pixelFormatNumber, planeShapes } from './formats.ts';
import type { Scaler } from './scale.ts';

export interface YuvPlanes {
  planes: { data: Uint8Array; stride: number; width: number; height: number }[];
}

export type DrawOverlay = (picture: YuvPlanes, overlay: Overlay, scaleX: number, scaleY: number) => void;

/** What all pictures of a route share. */
export interface PictureTools {
  scaler: Scaler;
  draw: DrawOverlay;
}

export type PictureFacts = Pick<Decoded, 'sequence' | 'pts' | 'wallClock' | 'decodedAt' | 'keyFrame'>;

const timeBase = { num: 1, den: 90_000 };

export class LibavPicture implements Decoded {
  readonly sequence: number;
  readonly pts: bigint;
  readonly wallClock: number;
  readonly decodedAt: number;
  readonly keyFrame: boolean;
  readonly width: number;
  readonly height: number;
  readonly #tools: PictureTools;
  #frame: Frame | undefined;
  /** `made`: memory of its own behind what is shown, where it had to be converted. */
  #shown: { shown: ShownFrame; made: Frame | undefined } | undefined;

  /** @param frame yuv420p; the picture frees it */
  constructor(tools: PictureTools, frame: Frame, facts: PictureFacts) {
    this.#tools = tools;
    this.#frame = frame;
    this.sequence = facts.sequence;
    this.pts = facts.pts;
    this.wallClock = facts.wallClock;
    this.decodedAt = facts.decodedAt;
    this.keyFrame = facts.keyFrame;
    this.width = frame.width;
    this.height = frame.height;
  }

  /** For the encoder. @throws after `free` */
  get frame(): Frame {
    if (!this.#frame) throw new Error(`picture ${this.sequence} is used after it was freed`);
    return this.#frame;
  }

  show(format: PixelFormat, size: Size | undefined): ShownFrame {
    const { width, height } = size ?? this;
    const last = this.#shown?.shown;
    if (last && last.format === format && last.width === width && last.height === height) return last;
    this.#hide();
    const { frame } = this;
    const same = width === this.width && height === this.height;
    // The first plane of yuv420p is the gray picture.
    const own = same && (format === 'yuv420p' || format === 'gray8');
    const made = own
      ? undefined
      : this.#tools.scaler.convert(frame, width, height, pixelFormatNumber[format]);
    const { sequence, pts, wallClock, keyFrame } = this;
    const timestamp = Math.round(Number(pts) / 0.09);
    const planes = planesOf(made ?? frame, format);
    const shown = { sequence, pts, timeBase, timestamp, wallClock, keyFrame, format, width, height, planes };
    this.#shown = { shown, made };
    return shown;
  }

  replace(picture: Picture): void {
    const { frame } = this;
    const { scaler } = this.#tools;
    const copied = scaler.pool.take(picture.width, picture.height, pixelFormatNumber[picture.format]);
    try {
      copyInto(copied, picture);
    } catch (error) {
      scaler.pool.give(copied);
      throw error;
    }
    copied.copyProps(frame);
    const same = picture.width === this.width && picture.height === this.height;
    if (same && picture.format === 'yuv420p') {
      this.#become(copied);
      return;
    }
    try {
      this.#become(scaler.convert(copied, this.width, this.height, AV_PIX_FMT_YUV420P));
    } finally {
      scaler.pool.give(copied);
    }
  }

  draw(overlay: Overlay, shown: Size): void {
    const { frame } = this;
    // What is shown may be the very memory, which moves when it is made writable.
    this.#hide();
    if (frame.makeWritable() < 0) throw new Error('no memory for a picture to draw on');
    const planes = planesOf(frame, 'yuv420p');
    this.#tools.draw({ planes }, overlay, this.width / shown.width, this.height / shown.height);
  }

  keep(): Decoded {
    return this.#handle(this);
  }

  at(other: Decoded): Decoded {
    return this.#handle(other);
  }

  free(): void {
    this.#hide();
    if (this.#frame) this.#tools.scaler.pool.give(this.#frame);
    this.#frame = undefined;
  }

  #handle(facts: PictureFacts): LibavPicture {
    const frame = this.frame.clone();
    if (!frame) throw new Error('no memory for another handle on a picture');
    return new LibavPicture(this.#tools, frame, facts);
  }

  #become(frame: Frame): void {
    this.free();
    this.#frame = frame;
  }

  #hide(): void {
    if (this.#shown?.made) this.#tools.scaler.pool.give(this.#shown.made);
    this.#shown = undefined;
  }
}

function planesOf(frame: Frame, format: PixelFormat): ShownFrame['planes'] {
  const { data, linesize } = frame;
  return planeShapes(format, frame.width, frame.height).map(({ width, height }, index) => {
    const plane = data?.[index];
    if (!plane) throw new Error(`a frame without plane ${index}`);
    return { data: plane, stride: linesize[index] ?? 0, width, height };
  });
}

/** @throws RangeError when the picture's planes are not as large as it says: libav would read what lies behind them */
function copyInto(frame: Frame, picture: Picture): void {
  const shapes = planeShapes(picture.format, picture.width, picture.height);
  const sources = shapes.map(({ bytes, height }, index) => {
    const plane = picture.planes[index];
    const enough =
      plane && plane.stride >= bytes && plane.data.byteLength >= plane.stride * (height - 1) + bytes;
    if (!enough) {
      const what = `${picture.format} of ${picture.width}x${picture.height}`;
      throw new RangeError(`plane ${index} of the picture is too small for ${what}`);
    }
    return plane;
  });
  const data = sources.map((plane) =>
    Buffer.from(plane.data.buffer, plane.data.byteOffset, plane.data.byteLength),
  );
  const strides = sources.map((plane) => plane.stride);
  const format = pixelFormatNumber[picture.format];
  avImageCopy2(frame.data ?? [], frame.linesize, data, strides, format, picture.width, picture.height);
}
