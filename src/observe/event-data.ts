/** What may come with an event: it goes beside each clip and to everybody who listens. */

const MOST_BYTES = 16 * 1024;
const DEEPEST = 64;

/** What is wrong with it, in words; undefined: nothing. @param data a value out of JSON */
export function dataTrouble(data: unknown): string | undefined {
  // Before it is turned into text: that would go as deep as the data does.
  for (let level = [data], depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return `the data of an event is at most ${DEEPEST} levels deep`;
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
  const bytes = data === undefined ? 0 : Buffer.byteLength(JSON.stringify(data) ?? '');
  return bytes > MOST_BYTES ? 'the data of an event has at most 16 kB' : undefined;
}
