/** How pixels lie in a run of bytes. */
import type { PixelFormat } from '../contract.ts';

/** Samples in a row, rows, and bytes of a row without padding. */
export interface PlaneShape {
  width: number;
  height: number;
  rowBytes: number;
}

/** A plane as it is described on the wire. */
export interface PlaneLayout {
  offset: number;
  stride: number;
  width: number;
  height: number;
}

export interface PictureLayout {
  format: PixelFormat;
  width: number;
  height: number;
  planes: PlaneLayout[];
}

export function planeShapes(format: PixelFormat, width: number, height: number): PlaneShape[] {
  const luma = { width, height, rowBytes: width };
  const half = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  switch (format) {
    case 'yuv420p':
      return [luma, { ...half, rowBytes: half.width }, { ...half, rowBytes: half.width }];
    case 'nv12':
      return [luma, { ...half, rowBytes: half.width * 2 }];
    case 'rgb24':
    case 'bgr24':
      return [{ width, height, rowBytes: width * 3 }];
    case 'rgba':
      return [{ width, height, rowBytes: width * 4 }];
    case 'gray8':
      return [luma];
  }
}

/**
 * A layout whose rows are told by somebody else, checked against the bytes that there are.
 * Throws RangeError with what is wrong.
 */
export function checkedLayout(
  picture: {
    format: PixelFormat;
    width: number;
    height: number;
    planes: readonly { offset: number; stride: number }[];
  },
  bytes: number,
): PictureLayout {
  const { format, width, height } = picture;
  const shapes = planeShapes(format, width, height);
  if (picture.planes.length !== shapes.length) {
    throw new RangeError(`a ${format} picture has ${shapes.length} planes, not ${picture.planes.length}`);
  }
  const planes = shapes.map((shape, index) => {
    const { offset, stride } = picture.planes[index]!;
    if (stride < shape.rowBytes)
      throw new RangeError(`plane ${index}: rows of ${shape.rowBytes} bytes, a stride of ${stride}`);
    const end = offset + stride * shape.height;
    if (end > bytes) throw new RangeError(`plane ${index} ends at byte ${end} of ${bytes}`);
    return { offset, stride, width: shape.width, height: shape.height };
  });
  return { format, width, height, planes };
}
