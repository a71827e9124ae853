/** A desktop without a screen. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { counterRow } from './counter.ts';
import type { Scope } from './process.ts';

export interface Desktop {
  /** e.g. ":7". */
  display: string;
  /** Draws a number as our clips carry theirs: a row of blocks below, the rest as bright as is told. */
  draw(number: number, luma: number): void;
}

/** Starts an X server whose screen is a file that the test draws on. */
export async function startXvfb(s: Scope, size = '640x360'): Promise<Desktop> {
  const child = s.spawn(
    'Xvfb',
    ['-displayfd', '3', '-screen', '0', `${size}x24`, '-fbdir', s.dir, '-nolisten', 'tcp'],
    { pipes: 1 },
  );
  const number = await new Promise<string>((resolve, reject) => {
    let text = '';
    (child.process.stdio[3] as Readable).on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.trim());
    });
    void child.exited.then(() => reject(new Error(`Xvfb ended: ${child.output()}`)));
  });
  const [width, height] = size.split('x').map(Number) as [number, number];
  const screen = join(s.dir, 'Xvfb_screen0');
  return {
    display: `:${number}`,
    draw(counter, luma) {
      // An X window dump: a header of big-endian words, a colour map, then pixels of four bytes.
      const dump = readFileSync(screen);
      const word = (index: number): number => dump.readUInt32BE(index * 4);
      const [start, line] = [word(0) + word(19) * 12, word(12)];
      const row = counterRow(counter);
      for (let y = 0; y < height; y += 1) {
        for (let x = 0; x < width; x += 1) {
          const pixel = y < (height * 8) / 9 ? luma : row[Math.floor((x * 16) / width)]!;
          dump.fill(pixel, start + y * line + x * 4, start + y * line + x * 4 + 4);
        }
      }
      writeFileSync(screen, dump, { flag: 'r+' });
    },
  };
}
