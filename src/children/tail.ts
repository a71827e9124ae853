/** The last words of a process. */
import { printable } from '../observe/printable.ts';

const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 20;
const LINE_LENGTH = 400;

/**
 * Keeps the end of a stream of text. A program may flood its stderr: a chunk is only held,
 * lines are made of it when somebody asks.
 */
export class Tail {
  #bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    if (chunk.length >= TAIL_BYTES) this.#bytes = chunk.subarray(chunk.length - TAIL_BYTES);
    else {
      const keep = Math.min(this.#bytes.length, TAIL_BYTES - chunk.length);
      this.#bytes = Buffer.concat([this.#bytes.subarray(this.#bytes.length - keep), chunk]);
    }
  }

  /** The last lines, without empty ones. */
  lines(): string[] {
    return this.#bytes
      .toString('utf8')
      .split(/[\r\n]+/)
      .map((line) => printable(line).trimEnd().slice(0, LINE_LENGTH))
      .filter((line) => line !== '')
      .slice(-TAIL_LINES);
  }
}
