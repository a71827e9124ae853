/** The server's log lines, passed on into ours. Most are JSON; errors of its start and odd signs are not. */

import { Tail } from '../children/tail.ts';
import type { Log } from '../observe/log.ts';
import { printable } from '../observe/printable.ts';
import { Repeats } from './repeats.ts';

export class ServerLog {
  readonly #log: Log;
  readonly #tail = new Tail();
  readonly #trouble: Repeats;
  #rest = '';

  constructor(log: Log) {
    this.#log = log;
    this.#trouble = new Repeats((line) => log.warn({ unit: 'server' }, line));
  }

  push(chunk: Buffer): void {
    this.#tail.push(chunk);
    const lines = (this.#rest + chunk.toString('utf8')).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-4096);
    const quiet = this.#log.level !== 'debug' && this.#log.level !== 'trace';
    for (const line of lines) {
      const bad = /"level":"(WAR|ERR)"|^ERR:/.test(line);
      // Nobody would see it: don't even parse it.
      if (line === '' || (quiet && !bad)) continue;
      if (bad) this.#trouble.push(message(line));
      else this.#log.debug({ unit: 'server' }, message(line));
    }
  }

  /** The last lines that tell of trouble. */
  lines(): string[] {
    return this.#tail
      .lines()
      .filter((line) => !/"level":"(INF|DEB)"|\[(INFO|DEBUG|TRACE)\]/.test(line))
      .map(message);
  }
}

function message(line: string): string {
  try {
    const entry: unknown = JSON.parse(line);
    if (typeof entry === 'object' && entry !== null && 'message' in entry)
      return printable(String(entry.message));
  } catch {
    // its escapes are Go's, not always JSON's
  }
  return printable(line);
}
