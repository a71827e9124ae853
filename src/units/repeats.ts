/** Lines that come again and again: told once, and then each minute how often they came. */

const EVERY = 60_000;
/** Texts that are kept in mind at once; what is new beyond them is told each time. */
const MOST = 500;

/** Standing alone: cam1 and cam2 are not the same. "4m10.5s" is a number, too. */
const NUMBERS = /(?<![\w./-])(?:\d+h)?(?:\d+m)?\d[\d.]*(?:[mnµ]?s)?(?!\w)/g;

export class Repeats {
  readonly #tell: (line: string) => void;
  readonly #known = new Map<string, { last: string; times: number }>();

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  /** The path that it is about is part of a line. */
  push(line: string): void {
    const key = keyOf(line);
    const known = this.#known.get(key);
    if (known) {
      known.last = line;
      known.times++;
      return;
    }
    this.#tell(line);
    if (this.#known.size >= MOST) return;
    this.#watch(key, { last: line, times: 0 });
  }

  #watch(key: string, entry: { last: string; times: number }): void {
    this.#known.set(key, entry);
    const look = (): void => {
      const { last, times } = entry;
      this.#known.delete(key);
      if (times === 0) return;
      this.#tell(`${last} (${times === 1 ? 'once' : `${times} times`} more)`);
      this.#watch(key, { last, times: 0 });
    };
    setTimeout(look, EVERY).unref();
  }
}

function keyOf(line: string): string {
  const [path = ''] = /^\[path [^\]]*\]/.exec(line) ?? [];
  return path + line.slice(path.length).replace(NUMBERS, '#');
}
