/**
 * `relay:privacy`: hides parts of the picture for good: what it covers is not in the video that viewers get.
 *
 *   hook:
 *     module: relay:privacy
 *     mode: inline
 *     onError: stop        # nothing is shown while the mask can't be drawn
 *     options:
 *       boxes: [{ x: 0.6, y: 0, width: 0.4, height: 0.3 }]
 *       polygons: [[[0, 0.5], [0.3, 0.5], [0.2, 1], [0, 1]]]
 *       style: pixelate    # or fill, with `color`
 *
 * A region whose numbers are all at most 1 is in shares of the picture, any other in pixels.
 * `blocks`: how many blocks of `pixelate` stand one above the other in the picture.
 */
import { defineHook, type Frame, type Plane } from '../contract.ts';
import { type Canvas, fillPolygon, isColor } from '../draw/canvas.ts';
import { choiceOption, fail, numberOption, onlyOptions } from './options.ts';

interface Region {
  corners: [number, number][];
  /** In shares of the picture, not in pixels. */
  shares: boolean;
}
interface Block {
  x: number;
  y: number;
}

let regions: Region[] = [];
let style: 'fill' | 'pixelate' = 'fill';
let color = '#000000';
let rows = 24;
/** The blocks that touch a region, worked out once for each size of picture. */
let plan: { width: number; height: number; size: number; blocks: Block[] } | undefined;

export default defineHook({
  format: 'yuv420p',

  setup({ options }) {
    onlyOptions(options, ['boxes', 'polygons', 'style', 'color', 'blocks']);
    regions = [...boxes(options['boxes'] ?? []), ...polygons(options['polygons'] ?? [])];
    if (regions.length === 0) throw new Error('options.boxes or options.polygons must name what to hide');
    style = choiceOption(options, 'style', ['fill', 'pixelate']);
    const wanted = options['color'] ?? '#000000';
    color = isColor(wanted) ? wanted : fail('color', 'must be a colour like "#204060"');
    rows = Math.round(numberOption(options, 'blocks', { least: 2, most: 200, otherwise: 24 }));
    plan = undefined;
  },

  process(frame) {
    const { codedWidth: width, codedHeight: height } = frame;
    // Plain areas are left to the gateway, which draws them on the video.
    if (style === 'fill') {
      return {
        overlay: { masks: regions.map((region) => ({ polygon: inPixels(region, width, height), color })) },
      };
    }
    // Blocks are written into the frame: in place, nothing to return.
    pixelate(frame);
    return undefined;
  },
});

function pixelate(frame: Frame): void {
  if (frame.format !== 'yuv420p') throw new Error(`relay:privacy works on yuv420p, not on ${frame.format}`);
  if (plan?.width !== frame.codedWidth || plan.height !== frame.codedHeight) {
    plan = planFor(frame.codedWidth, frame.codedHeight);
  }
  const { size, blocks } = plan;
  frame.planes.forEach((plane, index) => {
    // The colour planes have half the width and height.
    const part = index === 0 ? 1 : 2;
    for (const { x, y } of blocks) average(plane, x / part, y / part, size / part);
  });
}

/** One colour for the whole block: the mean of what was there. */
function average({ data, stride, width, height }: Plane, left: number, top: number, size: number): void {
  const right = Math.min(width, left + size);
  const bottom = Math.min(height, top + size);
  let sum = 0;
  for (let y = top; y < bottom; y++) {
    for (let at = y * stride + left; at < y * stride + right; at++) sum += data[at]!;
  }
  const mean = Math.round(sum / ((right - left) * (bottom - top)));
  for (let y = top; y < bottom; y++) data.fill(mean, y * stride + left, y * stride + right);
}

function planFor(width: number, height: number) {
  // Even, so that blocks are whole in the colour planes too.
  const size = Math.max(2, 2 * Math.round(height / rows / 2));
  // Drawn on a canvas of its own: what is 1 there is to be hidden.
  const canvas: Canvas = { planes: [{ data: new Uint8Array(width * height), stride: width, width, height }] };
  for (const region of regions) fillPolygon(canvas, inPixels(region, width, height), [1, 0, 0], 1);
  const hidden = canvas.planes[0]!.data;
  const blocks: Block[] = [];
  for (let y = 0; y < height; y += size) {
    for (let x = 0; x < width; x += size) {
      // A block is hidden whole as soon as one of its pixels is.
      let touched = false;
      for (let row = y; row < Math.min(height, y + size) && !touched; row++) {
        touched = hidden.subarray(row * width + x, row * width + Math.min(width, x + size)).includes(1);
      }
      if (touched) blocks.push({ x, y });
    }
  }
  return { width, height, size, blocks };
}

function inPixels({ corners, shares }: Region, width: number, height: number): [number, number][] {
  return shares ? corners.map(([x, y]) => [x * width, y * height]) : corners;
}

/** A mistake here would show what must be hidden: so a mixture of both is refused. */
function inShares(name: string, numbers: number[]): boolean {
  const pixels = numbers.some((value) => value > 1);
  if (pixels && numbers.some((value) => value > 0 && value < 1)) {
    fail(name, 'mixes shares of the picture (0 to 1) with pixels');
  }
  return !pixels;
}

function boxes(value: unknown): Region[] {
  if (!Array.isArray(value)) return fail('boxes', 'must be a list');
  return value.map((box: unknown, index) => {
    const name = `boxes[${index}]`;
    const { x, y, width, height } = (box ?? {}) as Record<string, unknown>;
    if (!isSize(x) || !isSize(y) || !isSize(width) || !isSize(height) || width === 0 || height === 0) {
      return fail(name, 'must be { x, y, width, height } in shares of the picture or in pixels');
    }
    const corners: [number, number][] = [
      [x, y],
      [x + width, y],
      [x + width, y + height],
      [x, y + height],
    ];
    return { corners, shares: inShares(name, [x, y, width, height]) };
  });
}

function polygons(value: unknown): Region[] {
  if (!Array.isArray(value)) return fail('polygons', 'must be a list');
  return value.map((corners: unknown, index) => {
    const name = `polygons[${index}]`;
    if (!isPolygon(corners)) return fail(name, 'must be a list of at least three corners [x, y]');
    return { corners, shares: inShares(name, corners.flat()) };
  });
}

const isPolygon = (value: unknown): value is [number, number][] =>
  Array.isArray(value) &&
  value.length >= 3 &&
  value.every((corner) => Array.isArray(corner) && corner.length === 2 && corner.every(isSize));

const isSize = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
