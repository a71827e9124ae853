/** Names and numbers of pixel formats and codecs on both sides. */
import {
  AV_PIX_FMT_BGR24,
  AV_PIX_FMT_GRAY8,
  AV_PIX_FMT_NV12,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_RGBA,
  AV_PIX_FMT_YUV420P,
  type AVPixelFormat,
} from 'node-av/constants';
import { FFmpegError, Rational } from 'node-av/lib';
import type { PixelFormat } from '../contract.ts';

export const pixelFormatNumber: Record<PixelFormat, AVPixelFormat> = {
  yuv420p: AV_PIX_FMT_YUV420P,
  nv12: AV_PIX_FMT_NV12,
  rgb24: AV_PIX_FMT_RGB24,
  bgr24: AV_PIX_FMT_BGR24,
  rgba: AV_PIX_FMT_RGBA,
  gray8: AV_PIX_FMT_GRAY8,
};

export interface PlaneShape {
  /** Bytes of a row that hold pixels. */
  bytes: number;
  /** Samples in a row, and rows. */
  width: number;
  height: number;
}

/** The planes of a picture of this format and size. */
export function planeShapes(format: PixelFormat, width: number, height: number): PlaneShape[] {
  const half = { width: (width + 1) >> 1, height: (height + 1) >> 1 };
  const full = (bytes: number): PlaneShape => ({ bytes: width * bytes, width, height });
  switch (format) {
    case 'yuv420p':
      return [full(1), { bytes: half.width, ...half }, { bytes: half.width, ...half }];
    case 'nv12':
      return [full(1), { bytes: half.width * 2, ...half }];
    case 'rgba':
      return [full(4)];
    case 'gray8':
      return [full(1)];
    case 'rgb24':
    case 'bgr24':
      return [full(3)];
  }
}

/** The clock of the route. */
export const ticks = new Rational(1, 90_000);

/** Why libav refused; null: it didn't. */
export function failure(code: number): string | null {
  return code < 0 ? FFmpegError.strerror(code) : null;
}
