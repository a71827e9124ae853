/** What a hook prints, line by line, at a rate and a length that nobody minds. */
import type { Readable } from 'node:stream';
import { printable } from '../../observe/printable.ts';

const LINES = 20;
const LENGTH = 500;
/** A program that prints more than this in a second is made to wait. */
const BYTES = 4 << 20;
const SECOND = 1000;

export class LogLines {
  readonly #streams: Readable[];
  readonly #log: (line: string) => void;
  readonly #rests: string[];
  #second = 0;
  #lines = 0;
  #bytes = 0;
  #left = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(streams: Readable[], log: (line: string) => void) {
    this.#streams = streams;
    this.#log = log;
    this.#rests = streams.map(() => '');
    for (const [index, stream] of streams.entries()) {
      stream.on('error', () => {}).on('data', (chunk: Buffer) => this.#take(index, chunk));
    }
  }

  /** What was printed without an end of line, and how much was left out. */
  end(): void {
    clearTimeout(this.#timer);
    for (const [index, rest] of this.#rests.entries()) {
      this.#rests[index] = '';
      this.#print(rest);
    }
    this.#sayLeft();
  }

  #take(index: number, chunk: Buffer): void {
    this.#turn();
    this.#bytes += chunk.length;
    if (this.#bytes > BYTES) for (const stream of this.#streams) stream.pause();
    const lines = (this.#rests[index] + chunk.toString('utf8')).split('\n');
    // A line without an end is cut where nobody would see more of it.
    this.#rests[index] = lines.pop()!.slice(0, LENGTH + 1);
    for (const line of lines) this.#print(line);
  }

  #print(line: string): void {
    const cut = line.length > LENGTH ? `${line.slice(0, LENGTH)}…` : line;
    const text = printable(cut).trimEnd();
    if (text === '') return;
    if (this.#lines >= LINES) {
      this.#left++;
      return;
    }
    this.#lines++;
    this.#log(text);
  }

  /** Opens an account for the next second when something comes, and closes it in time. */
  #turn(): void {
    const now = performance.now();
    if (this.#timer !== undefined && now - this.#second < SECOND) return;
    clearTimeout(this.#timer);
    this.#second = now;
    this.#lines = 0;
    this.#bytes = 0;
    this.#sayLeft();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sayLeft();
      for (const stream of this.#streams) stream.resume();
    }, SECOND);
    this.#timer.unref();
  }

  #sayLeft(): void {
    if (this.#left === 0) return;
    this.#log(`… ${this.#left} more lines`);
    this.#left = 0;
  }
}
