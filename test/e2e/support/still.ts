/** One picture of a stream, as pixels to judge or as a file to show. */
import { ffmpegPath } from './binaries.ts';
import { inputArgsOf } from './decode.ts';
import type { Scope } from './process.ts';
import { ffmpeg } from './readers.ts';

export interface Still {
  width: number;
  height: number;
  /** RGB, three bytes a pixel. */
  pixels: Buffer;
}

/** Decoders are told by the stream: no need to look at it for seconds. */
const atOnce = ['-analyzeduration', '500000', '-fpsprobesize', '0'];

/** The picture `skip` frames after the first that a reader gets, scaled to this size. */
export async function still(s: Scope, url: string, width: number, height: number, skip = 25): Promise<Still> {
  const child = s.spawn(
    ffmpegPath(),
    [
      ...['-nostdin', '-v', 'error', ...atOnce, ...inputArgsOf(url), '-i', url, '-map', '0:v:0'],
      ...['-vf', `select=gte(n\\,${skip}),scale=${width}:${height},format=rgb24`, '-frames:v', '1'],
      ...['-f', 'rawvideo', 'pipe:1'],
    ],
    { name: `still of ${url}`, rawStdout: true },
  );
  const parts: Buffer[] = [];
  child.process.stdout!.on('data', (part: Buffer) => parts.push(part));
  await child.exited;
  const pixels = Buffer.concat(parts);
  if (pixels.length !== width * height * 3) throw new Error(`no picture of ${url}: ${child.output()}`);
  return { width, height, pixels };
}

/** The rectangle around all pixels that are so; undefined: there is none. */
export function boundsOf(
  { width, height, pixels }: Still,
  is: (red: number, green: number, blue: number) => boolean,
): { left: number; right: number; top: number; bottom: number; count: number } | undefined {
  const found = { left: width, right: -1, top: height, bottom: -1, count: 0 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      if (!is(pixels[at]!, pixels[at + 1]!, pixels[at + 2]!)) continue;
      found.left = Math.min(found.left, x);
      found.right = Math.max(found.right, x);
      found.top = Math.min(found.top, y);
      found.bottom = Math.max(found.bottom, y);
      found.count += 1;
    }
  }
  return found.count === 0 ? undefined : found;
}

/** A PNG small enough for the docs: a palette of its own, no more than `width` wide. */
export async function savePng(s: Scope, url: string, file: string, width = 400): Promise<void> {
  const palette = `select=gte(n\\,25),trim=end_frame=1,scale='min(${width},iw)':-2,split[a][b];[a]palettegen=max_colors=160[p];[b][p]paletteuse=dither=none`;
  await ffmpeg(s, [...inputArgsOf(url), '-i', url, '-an', '-vf', palette, '-frames:v', '1', file]);
}
