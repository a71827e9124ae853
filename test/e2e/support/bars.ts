/** The machine-readable frame number of the source `test: bars`: the row of squares at the top of its picture. */
import { counterBits } from '../../../src/kinds/sources/test.ts';
import { ffmpegPath } from './binaries.ts';
import { inputArgsOf } from './decode.ts';
import { type Scope, until } from './process.ts';

/** Numbers of the first `count` frames that a reader of `url` decodes, in their order. */
export async function readBars(s: Scope, url: string, count: number): Promise<number[]> {
  const row = `crop=iw:iw/${counterBits}:0:0,format=gray,scale=${counterBits}:1:flags=area`;
  const output = ['-map', '0:v:0', '-vf', row, '-fps_mode', 'passthrough', '-flush_packets', '1'];
  const child = s.spawn(
    ffmpegPath(),
    [
      ...['-nostdin', '-v', 'error', ...inputArgsOf(url), '-i', url, ...output],
      ...['-c:v', 'rawvideo', '-f', 'rawvideo', 'pipe:1'],
    ],
    { name: `bars of ${url}`, rawStdout: true },
  );
  let pixels = Buffer.alloc(0);
  child.process.stdout!.on('data', (chunk: Buffer) => {
    pixels = Buffer.concat([pixels, chunk]);
  });
  await until(() => pixels.length >= count * counterBits || child.exit() !== undefined, {
    timeout: 30_000,
    what: `${count} frames of ${url}`,
  });
  await child.stop(500);
  return Array.from({ length: Math.min(count, Math.floor(pixels.length / counterBits)) }, (_, frame) =>
    pixels
      .subarray(frame * counterBits, (frame + 1) * counterBits)
      .reduce((number, pixel) => number * 2 + (pixel > 127 ? 1 : 0), 0),
  );
}
