/** Text in the font of font.ts, each dot a square of `scale` pixels. */
import { black, type Canvas, fillRect, white, type Yuv } from './canvas.ts';
import { glyphHeight, glyphOf, glyphWidth } from './font.ts';

/** More of a text is not drawn: no picture shows it. */
const longest = 200;

/** Pixels for each dot, so that text can be read in a picture of this height. */
export function textScale(height: number): number {
  return height < 200 ? 1 : Math.max(2, Math.round(height / 270));
}

/** Pixels that the text takes, without space around it. */
export function textSize(text: string, scale: number): { width: number; height: number } {
  const characters = Math.min(longest, [...text].length);
  return { width: Math.max(0, characters * (glyphWidth + 1) - 1) * scale, height: glyphHeight * scale };
}

/** Draws text with its upper left corner at x, y. */
export function drawText(
  canvas: Canvas,
  x: number,
  y: number,
  text: string,
  color: Yuv,
  scale: number,
): void {
  const width = canvas.planes[0]?.width ?? 0;
  let left = x;
  for (const character of [...text].slice(0, longest)) {
    if (left >= width) return;
    const glyph = glyphOf(character);
    for (let row = 0; row < glyphHeight; row++) {
      const bits = glyph[row]!;
      const top = y + row * scale;
      // Neighbouring dots are one rectangle.
      for (let from = 0; from < glyphWidth; from++) {
        if (!dot(bits, from)) continue;
        let to = from + 1;
        while (to < glyphWidth && dot(bits, to)) to++;
        fillRect(canvas, left + from * scale, top, left + to * scale, top + scale, color);
        from = to;
      }
    }
    left += (glyphWidth + 1) * scale;
  }
}

const dot = (bits: number, column: number): boolean => (bits & (1 << (glyphWidth - 1 - column))) !== 0;

/** Space around the text of a tag, in dots. */
const margin = 2;

/** Pixels that a tag takes. */
export function tagSize(text: string, scale: number): { width: number; height: number } {
  const { width, height } = textSize(text, scale);
  return { width: width + 2 * margin * scale, height: height + 2 * margin * scale };
}

/** Text on a background of the colour, in black or white, whichever is easier to read on it. */
export function drawTag(canvas: Canvas, x: number, y: number, text: string, color: Yuv, scale: number): void {
  const { width, height } = tagSize(text, scale);
  // Whole chroma samples, so that text and background keep their colours.
  const [left, top] = [Math.floor(x / 2) * 2, Math.floor(y / 2) * 2];
  fillRect(canvas, left, top, left + width, top + height, color);
  drawText(canvas, left + margin * scale, top + margin * scale, text, color[0] > 110 ? black : white, scale);
}
