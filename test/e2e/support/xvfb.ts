/** A desktop without a screen. */
import type { Readable } from 'node:stream';
import type { Scope } from './process.ts';

/** Starts an X server and returns its display, e.g. ":7". */
export async function startXvfb(s: Scope, size = '640x360'): Promise<string> {
  const child = s.spawn('Xvfb', ['-displayfd', '3', '-screen', '0', `${size}x24`, '-nolisten', 'tcp'], {
    pipes: 1,
  });
  const number = await new Promise<string>((resolve, reject) => {
    let text = '';
    (child.process.stdio[3] as Readable).on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.trim());
    });
    void child.exited.then(() => reject(new Error(`Xvfb ended: ${child.output()}`)));
  });
  return `:${number}`;
}
