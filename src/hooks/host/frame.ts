/** The frame that user code sees. */
import type { Frame, Picture, Plane } from '../contract.ts';
import type { FrameMessage } from '../wire/messages.ts';

/** Where its pixels are. */
export interface Pixels {
  /** Called when somebody looks at them for the first time. */
  open(): ArrayBuffer;
  /** Later frames may use the memory: what was opened must be empty. */
  close(): void;
}

export interface HostFrame {
  readonly frame: Frame;
  /** The pixels, if user code had a chance to change them. */
  touched(): ArrayBuffer | undefined;
  /** Nothing can be read or written by it any more. */
  settle(): void;
}

export function createFrame(message: FrameMessage, pixels: Pixels): HostFrame {
  let opened: ArrayBuffer | undefined;
  let touched = false;
  let settled = false;
  let planes: readonly Plane[] | undefined;

  const look = (): readonly Plane[] => {
    if (settled) {
      throw new RangeError(
        'the frame is gone: its pixels can be read until process has settled; frame.copy() keeps them',
      );
    }
    opened ??= pixels.open();
    planes ??= message.planes.map(({ offset, stride, width, height }) => ({
      data: new Uint8Array(opened!, offset, stride * height),
      stride,
      width,
      height,
    }));
    return planes;
  };

  const { format, width, height, timestamp, timeBase, sequence, wallClock, keyFrame } = message;
  const frame: Frame = Object.freeze({
    format,
    codedWidth: width,
    codedHeight: height,
    timestamp,
    pts: BigInt(message.pts),
    timeBase,
    sequence,
    wallClock,
    keyFrame,
    get planes() {
      const seen = look();
      touched = true;
      return seen;
    },
    copy: (): Picture => ({
      format,
      width,
      height,
      planes: look().map(({ data, stride }) => ({ data: data.slice(), stride })),
    }),
  });

  return {
    frame,
    touched: () => (touched ? opened : undefined),
    settle() {
      settled = true;
      if (opened !== undefined) pixels.close();
    },
  };
}
