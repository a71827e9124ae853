/**
 * kill -9 of what records: at most one part is lost beside what the live stream itself lost, every file is readable, and
 * the ledger knows each gap. `npm run soak -- record-kill` does it twenty times, with every process in turn.
 */
import t from 'tap';
import { causesOf, killRecording, type Victim } from './support/kill-recording.ts';
import { scope } from './support/process.ts';

/** Of 25 a second: one part of the ring. */
const part = 25;

t.test('kill -9 of recorder and server', async (t) => {
  const order: Victim[] = ['recorder', 'server'];
  const { kills, routes } = await killRecording(scope(t), order);
  for (const { route, ...seen } of routes) {
    t.comment(
      `${route}: ${seen.files} files, ${seen.frames.length} frames; lost ${JSON.stringify(seen.lost)}; ` +
        seen.gaps
          .map(({ from, to, cause, reason }) => `${cause} ${(to - from).toFixed(2)} s (${reason})`)
          .join(', '),
    );
    t.same(seen.broken, [], `${route}: every file is readable`);
    t.same(seen.doubled, [], `${route}: no frame twice`);
    t.same(seen.unlisted, [], `${route}: ledger and folder agree`);
    t.same(
      seen.holes.filter(({ gap }) => gap === undefined),
      [],
      `${route}: every hole is a gap of the ledger`,
    );
    t.equal(seen.gaps.length, seen.holes.length, `${route}: and no more`);
    t.ok(
      seen.lost.every(({ frames }) => frames <= part),
      `${route}: at most one part lost`,
    );
    t.same(
      seen.lost.filter(({ gap }) => gap === undefined),
      [],
      `${route}: and each loss is a gap of the ledger`,
    );
    const [recorder, server] = kills;
    const near = (at: number) => seen.gaps.filter(({ from, to }) => from - 1 <= at && at <= to + 1);
    t.same(near(recorder!.at), [], `${route}: the recorder's death leaves no gap`);
    t.ok(
      near(server!.at).some(({ cause }) => causesOf.server.includes(cause)),
      `${route}: the server's death is told`,
    );
    t.equal(seen.verify.code, 0, `${route}: verify agrees: ${seen.verify.output}`);
  }
});
