/** Tells a person how far a long step is: on a terminal one line redrawn, elsewhere a line now and then. */
import type { Writable } from 'node:stream';

export interface Report {
  /** A line that stays. */
  say(text: string): void;
  /** How far it is; most calls draw nothing. */
  progress(text: string): void;
  /** Leaves the terminal clean: no half-drawn line. */
  end(): void;
}

export interface ReportOptions {
  terminal?: boolean;
  columns?: number;
  /** Milliseconds between two drawings of `progress`. */
  every?: number;
}

export function createReport(
  stream: Writable & { isTTY?: boolean; columns?: number } = process.stderr,
  options: ReportOptions = {},
): Report {
  const terminal = options.terminal ?? stream.isTTY === true;
  const every = options.every ?? (terminal ? 200 : 5000);
  // Without a terminal the first line of progress waits too: short steps say nothing but their start and end.
  let last = terminal ? Number.NEGATIVE_INFINITY : performance.now();
  let drawn = false;
  const clear = () => {
    if (drawn) stream.write('\r\x1b[K');
    drawn = false;
  };
  return {
    say(text) {
      clear();
      stream.write(`${text}\n`);
      last = terminal ? Number.NEGATIVE_INFINITY : performance.now();
    },
    progress(text) {
      const now = performance.now();
      if (now - last < every) return;
      last = now;
      if (!terminal) return void stream.write(`${text}\n`);
      const room = (options.columns || stream.columns || 80) - 1;
      stream.write(`\r\x1b[K${text.slice(0, room)}`);
      drawn = true;
    },
    end: clear,
  };
}

/** Reports the seconds that `work` takes, for steps that can't say how far they are. */
export async function timed<T>(report: Report, text: () => string, work: Promise<T>): Promise<T> {
  const start = performance.now();
  const draw = () => report.progress(`${text()}, ${Math.round((performance.now() - start) / 1000)} s`);
  const timer = setInterval(draw, 500);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    report.end();
  }
}
