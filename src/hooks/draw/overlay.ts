/** What a hook wants drawn, drawn: masks first, then boxes, labels on top. */
import type { Box, Label, Mask, Overlay } from '../contract.ts';
import { type Canvas, fillPolygon, fillRect, yuvOf } from './canvas.ts';
import { drawTag, tagSize, textScale } from './text.ts';

/** More of each kind is not drawn: it bounds the time that one answer can cost. */
export const mostDrawn = 1000;

const green = '#00ff00';

/**
 * Draws on a yuv420p picture. Coordinates are multiplied by the scales first. Values that make no sense are
 * left out: an overlay comes from other people's code.
 */
export function drawOverlay(picture: Canvas, overlay: Overlay, scaleX: number, scaleY: number): void {
  const { width, height } = picture.planes[0] ?? { width: 0, height: 0 };
  for (const mask of list(overlay.masks)) drawMask(picture, mask, scaleX, scaleY, height);
  const tags: { x: number; y: number; text: string; color: string | undefined }[] = [];
  const size = textScale(height);
  for (const box of list(overlay.boxes)) {
    const [left, top] = [box.x * scaleX, box.y * scaleY];
    const [right, bottom] = [left + box.width * scaleX, top + box.height * scaleY];
    // Also false for NaN and for what is no number.
    if (!(right > left && bottom > top && left < width && top < height && right > 0 && bottom > 0)) continue;
    outline(picture, left, top, right, bottom, box, height);
    // Above the box, without a gap; inside it where there is no room.
    const above = top - tagSize('', size).height + 1;
    if (isText(box.label)) {
      tags.push({ x: left, y: above < 0 ? Math.max(0, top) : above, text: box.label, color: box.color });
    }
  }
  for (const label of list<Label>(overlay.labels)) {
    const [x, y] = [label.x * scaleX, label.y * scaleY];
    if (isText(label.text) && x >= 0 && y >= 0 && x < width && y < height) {
      tags.push({ x, y, text: label.text, color: label.color });
    }
  }
  for (const { x, y, text, color } of tags) {
    // A text that begins in the picture is moved so that all of it can be read.
    const room = tagSize(text, size);
    const left = Math.max(0, Math.min(x, width - room.width));
    const top = Math.max(0, Math.min(y, height - room.height));
    drawTag(picture, left, top, text, yuvOf(color, green, height), size);
  }
}

function list<T>(items: readonly T[] | undefined): readonly T[] {
  if (!Array.isArray(items)) return [];
  return items.slice(0, mostDrawn).filter((item) => typeof item === 'object' && item !== null);
}

const isText = (text: unknown): text is string => typeof text === 'string' && text !== '';

function outline(
  picture: Canvas,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  box: Box,
  height: number,
): void {
  const color = yuvOf(box.color, green, height);
  const line = Math.max(2, Math.round(height / 360));
  fillRect(picture, x0, y0, x1, Math.min(y1, y0 + line), color);
  fillRect(picture, x0, Math.max(y0, y1 - line), x1, y1, color);
  fillRect(picture, x0, y0, Math.min(x1, x0 + line), y1, color);
  fillRect(picture, Math.max(x0, x1 - line), y0, x1, y1, color);
}

function drawMask(picture: Canvas, mask: Mask, scaleX: number, scaleY: number, height: number): void {
  if (!Array.isArray(mask.polygon)) return;
  const corners = mask.polygon
    .slice(0, mostDrawn)
    .filter((corner) => Array.isArray(corner))
    .map(([x, y]): [number, number] => [x * scaleX, y * scaleY]);
  // An opacity that is no number hides rather than shows.
  const opacity = typeof mask.opacity === 'number' && mask.opacity <= 1 ? mask.opacity : 1;
  fillPolygon(picture, corners, yuvOf(mask.color, '#000000', height), opacity);
}
