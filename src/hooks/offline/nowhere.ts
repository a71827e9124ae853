import type { Sink } from '../libav/publish.ts';

/** Takes everything and keeps nothing. */
export function nowhere(): Sink {
  return { open: true, start() {}, write() {}, async close() {} };
}
