/**
 * `relay:motion`: finds what moves, draws a box around it and emits the event `motion`.
 *
 *   hook:
 *     module: relay:motion
 *     mode: overlay
 *     options: { threshold: 25, area: 0.01, cooldown: 10 }
 *
 * `threshold`: how much brighter or darker a pixel must be to count (1…255) · `area`: the share of the picture
 * that must have changed (0…1) · `cooldown`: seconds until motion is an event again.
 * The event's data: `area`, that share, and `box`, in shares of the picture's width and height.
 */
import { defineHook, type Frame } from '../contract.ts';
import { numberOption, onlyOptions } from './options.ts';

let limits = { threshold: 25, area: 0.01, cooldown: 10 };
/** What the picture looked like: each new one is mixed in, so that slow motion and noise are told apart. */
let background: Float32Array | undefined;
/** Stream time of the last event, microseconds. */
let last: number | undefined;

export default defineHook({
  // Brightness alone, and small: scaling is cheap and takes the noise away. 160×90 is enough to see a cat.
  format: 'gray8',
  size: { width: 160, height: 90 },

  setup({ options }) {
    onlyOptions(options, ['threshold', 'area', 'cooldown']);
    limits = {
      threshold: numberOption(options, 'threshold', { least: 1, most: 255, otherwise: 25 }),
      area: numberOption(options, 'area', { least: 0, most: 1, otherwise: 0.01 }),
      cooldown: numberOption(options, 'cooldown', { least: 0, most: 86_400, otherwise: 10 }),
    };
    background = undefined;
    last = undefined;
  },

  process(frame) {
    const { changed, left, top, right, bottom } = compare(frame);
    const area = changed / (frame.codedWidth * frame.codedHeight);
    // Returning nothing means: the frame as it is.
    if (changed === 0 || area < limits.area) return;

    // Coordinates are pixels of the frame that was shown; the gateway scales them to the video.
    const box = { x: left, y: top, width: right - left, height: bottom - top, label: 'motion' };
    const overlay = { boxes: [box] };

    // By the stream's own clock, which may also jump back.
    const since = last === undefined ? Number.POSITIVE_INFINITY : (frame.timestamp - last) / 1e6;
    if (since >= 0 && since < limits.cooldown) return { overlay };
    last = frame.timestamp;
    return {
      overlay,
      event: 'motion',
      data: {
        area: share(area, 1),
        box: {
          x: share(left, frame.codedWidth),
          y: share(top, frame.codedHeight),
          width: share(box.width, frame.codedWidth),
          height: share(box.height, frame.codedHeight),
        },
      },
    };
  },
});

const share = (part: number, whole: number): number => Math.round((1000 * part) / whole) / 1000;

/** Counts the pixels that differ from the background, and where they are. */
function compare(frame: Frame) {
  // Plane 0 is brightness in these three layouts.
  if (!['gray8', 'yuv420p', 'nv12'].includes(frame.format)) {
    throw new Error(`relay:motion works on gray8, yuv420p and nv12, not on ${frame.format}`);
  }
  // A copy, because whoever looks at `frame.planes` may write there: in mode inline those pixels, small and
  // grey as they are here, would then be the video.
  const { width, height, planes } = frame.copy();
  const { data, stride } = planes[0]!;
  const found = { changed: 0, left: width, top: height, right: 0, bottom: 0 };
  const fresh = background?.length !== width * height;
  if (fresh) background = new Float32Array(width * height);
  const before = background!;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const now = data[y * stride + x]!;
      const at = y * width + x;
      if (fresh) {
        before[at] = now;
        continue;
      }
      const difference = now - before[at]!;
      before[at]! += difference / 4;
      if (Math.abs(difference) < limits.threshold) continue;
      found.changed++;
      if (x < found.left) found.left = x;
      if (x >= found.right) found.right = x + 1;
      if (y < found.top) found.top = y;
      if (y >= found.bottom) found.bottom = y + 1;
    }
  }
  return found;
}
