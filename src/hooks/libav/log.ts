/** What libav itself has to say, at a bearable rate and without the addresses that it likes to print. */

import { AV_LOG_ERROR } from 'node-av/constants';
import { Log } from 'node-av/lib';

const WINDOW = 10_000;
/** Lines in a window; a broken stream has something to say about each slice. */
const LINES = 5;

/** Addresses may carry credentials, in any part of them. */
export function redact(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*):\/\/\S+/gi, '$1://…');
}

/** At most some lines in ten seconds; says how many were left out. */
export function limited(write: (line: string) => void): (line: string, now: number) => void {
  let since = Number.NEGATIVE_INFINITY;
  let lines = 0;
  return (line, now) => {
    if (now - since > WINDOW) {
      if (lines > LINES) write(`${lines - LINES} more lines like these`);
      since = now;
      lines = 0;
    }
    if (++lines <= LINES) write(line);
  };
}

export function quietLibav(write: (line: string) => void): void {
  const pass = limited(write);
  Log.setLevel(AV_LOG_ERROR);
  Log.setCallback(
    (_level, message) => {
      const line = redact(message.trim());
      if (line) pass(line, performance.now());
    },
    { maxLevel: AV_LOG_ERROR },
  );
}
