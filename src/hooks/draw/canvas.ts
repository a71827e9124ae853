/**
 * Drawing on pictures in plain memory: yuv420p, or grey alone (one plane). Nothing is ever written outside the
 * picture, whatever the coordinates are.
 */

export interface CanvasPlane {
  data: Uint8Array;
  stride: number;
  width: number;
  height: number;
}

export interface Canvas {
  planes: readonly CanvasPlane[];
}

/** One value for each plane. */
export type Yuv = readonly [y: number, u: number, v: number];

export const black: Yuv = [16, 128, 128];
export const white: Yuv = [235, 128, 128];

export function isColor(value: unknown): value is string {
  return typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value);
}

/** "#rrggbb" in limited range; up to 576 rows by BT.601, above by BT.709, as players take it to be. */
export function yuvOf(color: string | undefined, fallback: string, height: number): Yuv {
  const value = Number.parseInt((isColor(color) ? color : fallback).slice(1), 16);
  const [r, g, b] = [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
  const [kr, kb] = height > 576 ? [0.2126, 0.0722] : [0.299, 0.114];
  const y = kr * r + (1 - kr - kb) * g + kb * b;
  return [
    Math.round(16 + 219 * y),
    Math.round(128 + (112 * (b - y)) / (1 - kb)),
    Math.round(128 + (112 * (r - y)) / (1 - kr)),
  ];
}

/** Fills from x0 up to x1 and from y0 up to y1. Chroma samples that it touches are filled whole. */
export function fillRect(canvas: Canvas, x0: number, y0: number, x1: number, y1: number, color: Yuv): void {
  for (let index = 0; index < canvas.planes.length; index++) {
    const plane = canvas.planes[index]!;
    const shift = index === 0 ? 1 : 2;
    const left = Math.max(0, Math.floor(Math.round(x0) / shift));
    const right = Math.min(plane.width, Math.ceil(Math.round(x1) / shift));
    const top = Math.max(0, Math.floor(Math.round(y0) / shift));
    const bottom = Math.min(plane.height, Math.ceil(Math.round(y1) / shift));
    // Also false where one of them is NaN.
    if (!(right > left && bottom > top)) continue;
    for (let y = top; y < bottom; y++) {
      fillRow(plane.data, y * plane.stride + left, y * plane.stride + right, color[index]!);
    }
  }
}

/** `fill` of typed arrays costs more than the loop for a few bytes, as the dots of text are. */
function fillRow(data: Uint8Array, from: number, to: number, value: number): void {
  if (to - from > 32) data.fill(value, from, to);
  else for (let at = from; at < to; at++) data[at] = value;
}

/** Beyond this a corner is far outside any picture, and the arithmetic stays exact enough. */
const far = 1e6;

/** Fills a polygon (even-odd) by the centres of its pixels. `opacity` 0…1. */
export function fillPolygon(
  canvas: Canvas,
  corners: readonly (readonly [number, number])[],
  color: Yuv,
  opacity: number,
): void {
  const points = corners
    .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))
    .map(([x, y]) => [clamp(x), clamp(y)] as const);
  if (points.length < 3 || !(opacity > 0)) return;
  const weight = Math.round(Math.min(1, opacity) * 256);
  canvas.planes.forEach((plane, index) => {
    const shift = index === 0 ? 1 : 2;
    eachSpan(plane, points, shift, (from, to) => {
      if (weight === 256) return fillRow(plane.data, from, to, color[index]!);
      const add = color[index]! * weight + 128;
      for (let at = from; at < to; at++) plane.data[at] = (plane.data[at]! * (256 - weight) + add) >> 8;
    });
  });
}

const clamp = (value: number): number => Math.max(-far, Math.min(far, value));

/** The runs of pixels of a plane inside the polygon, as positions in its data. */
function eachSpan(
  plane: CanvasPlane,
  points: readonly (readonly [number, number])[],
  shift: number,
  span: (from: number, to: number) => void,
): void {
  const heights = points.map(([, y]) => y / shift);
  const top = Math.max(0, Math.floor(Math.min(...heights)));
  const bottom = Math.min(plane.height, Math.ceil(Math.max(...heights)));
  const crossings: number[] = [];
  for (let y = top; y < bottom; y++) {
    const centre = (y + 0.5) * shift;
    crossings.length = 0;
    for (let i = 0, before = points.length - 1; i < points.length; before = i++) {
      const [ax, ay] = points[before]!;
      const [bx, by] = points[i]!;
      if (ay <= centre !== by <= centre)
        crossings.push((ax + ((centre - ay) / (by - ay)) * (bx - ax)) / shift);
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const left = Math.max(0, Math.ceil(crossings[i]! - 0.5));
      const right = Math.min(plane.width, Math.ceil(crossings[i + 1]! - 0.5));
      if (right > left) span(y * plane.stride + left, y * plane.stride + right);
    }
  }
}
