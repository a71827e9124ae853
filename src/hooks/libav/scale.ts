/** Frames in another format or size, in memory that is used again. */
import {
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  type AVColorRange,
  type AVPixelFormat,
} from 'node-av/constants';
import { Frame, SoftwareScaleContext } from 'node-av/lib';
import { failure } from './formats.ts';

/** Kept of each shape; more are under way only while a hook is behind. */
const KEPT = 4;
const CONTEXTS = 8;

/** Writable frames for use again: fresh memory of this size is paid for with a page fault every 4 KB. */
export class FramePool {
  readonly #free = new Map<string, Frame[]>();
  readonly #ours = new WeakSet<Frame>();

  take(width: number, height: number, format: AVPixelFormat): Frame {
    const kept = this.#free.get(`${width}x${height} ${format}`)?.pop();
    if (kept) return kept;
    const frame = new Frame();
    frame.alloc();
    frame.width = width;
    frame.height = height;
    frame.format = format;
    const refused = failure(frame.allocBuffer());
    if (refused) throw new Error(`no memory for a frame of ${width}x${height}: ${refused}`);
    this.#ours.add(frame);
    return frame;
  }

  /** Takes any frame back; those that came from elsewhere, or that others still see, are freed. */
  give(frame: Frame): void {
    const key = `${frame.width}x${frame.height} ${frame.format}`;
    const kept = this.#free.get(key) ?? [];
    if (!this.#ours.has(frame) || kept.length >= KEPT || !frame.isWritable) frame.free();
    else this.#free.set(key, [...kept, frame]);
  }

  /** Shapes that are no longer in use. */
  clear(): void {
    for (const frames of this.#free.values()) for (const frame of frames) frame.free();
    this.#free.clear();
  }
}

/** What all pictures of a route come to, whatever the source changes to. */
export interface Shape {
  width: number;
  height: number;
  range: AVColorRange;
}

export class Scaler {
  readonly pool = new FramePool();
  readonly #contexts = new Map<string, SoftwareScaleContext>();

  /** The same picture in another shape; the times and properties go with it. `source` stays the caller's. */
  convert(source: Frame, width: number, height: number, format: AVPixelFormat, range?: AVColorRange): Frame {
    const frame = this.pool.take(width, height, format);
    frame.copyProps(source);
    if (range !== undefined) frame.colorRange = range;
    const key = `${source.width}x${source.height} ${source.format} ${width}x${height} ${format}`;
    const refused = failure(this.#context(key).scaleFrameSync(frame, source));
    if (refused) {
      this.pool.give(frame);
      throw new Error(`a picture can't be converted: ${refused}`);
    }
    return frame;
  }

  /** As the encoder takes it: yuv420p of this shape. Consumes the frame. */
  normal(frame: Frame, shape: Shape): Frame {
    unmask(frame);
    const fits = frame.width === shape.width && frame.height === shape.height;
    const sameRange = (frame.colorRange === AVCOL_RANGE_JPEG) === (shape.range === AVCOL_RANGE_JPEG);
    if (fits && sameRange && frame.format === AV_PIX_FMT_YUV420P) return frame;
    try {
      return this.convert(frame, shape.width, shape.height, AV_PIX_FMT_YUV420P, shape.range);
    } finally {
      this.pool.give(frame);
    }
  }

  #context(key: string): SoftwareScaleContext {
    let context = this.#contexts.get(key);
    if (context) return context;
    if (this.#contexts.size >= CONTEXTS) {
      for (const old of this.#contexts.values()) old.freeContext();
      this.#contexts.clear();
      this.pool.clear();
    }
    // Left bare, it takes shape and colours from the frames.
    context = new SoftwareScaleContext();
    context.allocContext();
    this.#contexts.set(key, context);
    return context;
  }
}

/** yuvj420p is yuv420p under a name of its own that says: full range. */
export function unmask(frame: Frame): void {
  if (frame.format !== AV_PIX_FMT_YUVJ420P) return;
  frame.format = AV_PIX_FMT_YUV420P;
  frame.colorRange = AVCOL_RANGE_JPEG;
}
