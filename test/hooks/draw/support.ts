/** Pictures for drawing tests: every row has bytes after it that nobody may write. */
import type { Canvas } from '../../../src/hooks/draw/canvas.ts';

const spare = 3;
export const untouched = 77;

/** A yuv420p picture, all samples and the space around them 77. */
export function canvas(width: number, height: number): Canvas & { intact(): boolean } {
  const size = (shift: number) => [Math.ceil(width / shift), Math.ceil(height / shift)] as const;
  const planes = [size(1), size(2), size(2)].map(([width, height]) => {
    const stride = width + spare;
    // Bytes before and behind the plane too.
    const whole = new Uint8Array(stride * (height + 2)).fill(untouched);
    return { whole, data: whole.subarray(stride, stride * (height + 1)), stride, width, height };
  });
  return {
    planes,
    /** Nothing outside the samples was written. */
    intact: () =>
      planes.every(({ whole, stride, width, height }) =>
        whole.every((value, at) => {
          const row = Math.floor(at / stride) - 1;
          const inside = row >= 0 && row < height && at % stride < width;
          return inside || value === untouched;
        }),
      ),
  };
}

/** The rows of a plane as text: one character for each sample by `name`. */
export function art(picture: Canvas, plane: number, name: (value: number) => string): string[] {
  const { data, stride, width, height } = picture.planes[plane]!;
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => name(data[y * stride + x]!)).join(''),
  );
}

export const drawn = (value: number): string => (value === untouched ? '.' : '#');
