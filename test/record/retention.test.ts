import t from 'tap';
import { type Retention, type RetentionFacts, retain } from '../../src/record/retention.ts';
import type { SegmentEntry } from '../../src/record/types.ts';

const NOW = 1_000_000;

/** One after the other up to now, 5 s and 100 bytes each, the last with number count − 1. */
function segments(count: number, until = NOW): SegmentEntry[] {
  return Array.from({ length: count }, (_, seq) => {
    const to = until - (count - 1 - seq) * 5;
    return {
      type: 'segment',
      path: `${to}.mp4`,
      seq,
      from: to - 5,
      to,
      run: 'r',
      dts: 0,
      endDts: 0,
      firstPts: 0,
      lastPts: 0,
      timescale: 90_000,
      frames: 125,
      bytes: 100,
      complete: true,
    };
  });
}

function pass(entries: SegmentEntry[], more: Partial<RetentionFacts> = {}): Retention {
  return retain({
    entries,
    totals: { count: entries.length, bytes: entries.length * 100 },
    now: NOW,
    free: { bytes: 1e9, inodes: 1e6 },
    reserve: { bytes: 1e6, inodes: 16 },
    clocks: [],
    completed: 1,
    ...more,
  });
}

const seqs = ({ remove }: Retention): number[] => remove.map(({ entry }) => entry.seq);
const whys = ({ remove }: Retention): string[] => [...new Set(remove.map(({ why }) => why))];

t.test('without bounds nothing goes, and without room recording stops', async (t) => {
  t.strictSame(pass(segments(9)), { remove: [], stop: false, more: false });
  t.strictSame(pass(segments(9), { free: { bytes: 999_999, inodes: 99 } }), {
    remove: [],
    stop: true,
    more: false,
  });
  t.strictSame(pass(segments(9), { free: { bytes: 1e9, inodes: 15 } }), {
    remove: [],
    stop: true,
    more: false,
  });
});

t.test('by age: what is older, the oldest first, also the newest', async (t) => {
  const found = pass(segments(10), { keep: 40 });
  t.strictSame(seqs(found), [0]);
  t.strictSame(whys(found), ['keep']);
  t.strictSame(seqs(pass(segments(2), { keep: 60, now: NOW + 3600 })), [0, 1]);
  t.strictSame(seqs(pass([], { keep: 60 })), []);
});

t.test('a clock that is wrong for a while costs little, a backlog shrinks all the same', async (t) => {
  const year = 365 * 86_400;
  t.equal(pass(segments(1000), { keep: 3600, now: NOW + year, completed: 0 }).remove.length, 2);
  t.equal(pass(segments(1000), { keep: 3600, now: NOW + year, completed: 3 }).remove.length, 8);
  let there = segments(1000, NOW - 7200);
  let passes = 0;
  for (; there.length > 0 && passes < 1000; passes++) {
    there = there.slice(pass(there, { keep: 3600 }).remove.length);
  }
  t.equal(passes, 250);
});

t.test('a step of the clock makes nothing older or younger', async (t) => {
  for (const step of [3600, -3600, 365 * 86_400, -365 * 86_400]) {
    // Numbers 0 to 9 were written before the step, and 10 to 12 after it.
    const entries = [...segments(13)].map((entry) =>
      entry.seq < 10 ? { ...entry, to: entry.to - step, from: entry.from - step } : entry,
    );
    const clocks = [{ type: 'clock', at: NOW - 13, step, seq: 10 } as const];
    t.strictSame(seqs(pass(entries, { keep: 52, clocks })), [0, 1], `${step}`);
    t.strictSame(
      seqs(pass(entries, { keep: 12, clocks, completed: 9 })),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      `${step}`,
    );
  }
});

t.test('there and back again: steps add up', async (t) => {
  const clocks = [
    { type: 'clock', at: NOW, step: 1e8, seq: 3 },
    { type: 'clock', at: NOW, step: -1e8, seq: 6 },
  ] as const;
  const entries = segments(9).map((entry) =>
    entry.seq >= 3 && entry.seq < 6 ? { ...entry, to: entry.to + 1e8 } : entry,
  );
  t.strictSame(seqs(pass(entries, { keep: 22, clocks, completed: 9 })), [0, 1, 2, 3]);
});

t.test('by size: at once, but never the newest', async (t) => {
  const found = pass(segments(100), { maxSize: 1000 });
  t.strictSame([found.remove.length, seqs(found).at(-1)], [90, 89]);
  t.strictSame(whys(found), ['maxSize']);
  t.strictSame(seqs(pass(segments(3), { maxSize: 10 })), [0, 1]);
  t.strictSame(seqs(pass(segments(1), { maxSize: 10 })), []);
});

t.test('for room: as much as it takes, then recording stops', async (t) => {
  const keep = 1e6;
  const found = pass(segments(100), { keep, free: { bytes: 1e6 - 950, inodes: 99 } });
  t.strictSame([found.remove.length, whys(found), found.stop], [10, ['reserve'], false]);
  t.equal(pass(segments(100), { keep, free: { bytes: 1e6, inodes: 99 } }).remove.length, 0);
  const all = pass(segments(100), { keep, free: { bytes: 0, inodes: 99 } });
  t.strictSame([all.remove.length, all.stop, all.more], [99, true, false]);
  t.equal(pass(segments(100), { maxSize: 1e9, free: { bytes: 1e9, inodes: 10 } }).remove.length, 6);
});

t.test('of a long list the beginning is enough', async (t) => {
  const totals = { count: 1000, bytes: 100_000 };
  const first = segments(1000).slice(0, 50);
  t.match(pass(first, { totals, maxSize: 1000 }), { more: true, stop: false });
  t.equal(pass(first, { totals, maxSize: 1000 }).remove.length, 50, 'the newest is not among them');
  t.match(pass(first, { totals, keep: 1e9, free: { bytes: 0, inodes: 99 } }), { more: true, stop: false });
  t.match(pass(first, { totals, maxSize: 99_000 }), { more: false, stop: false });
  t.match(pass(first, { totals, keep: 10, completed: 100 }), { more: false }, 'by age there is no hurry');
  t.match(pass([], { totals, keep: 1e9, free: { bytes: 0, inodes: 99 } }), { more: false, stop: true });
});

t.test('what lies beside it goes with it, and counts', async (t) => {
  const clips = segments(5).map((entry) => ({ ...entry, beside: [{ path: 'x.jpg', bytes: 900 }] }));
  const found = pass(clips, { maxSize: 2500, totals: { count: 5, bytes: 5000 } });
  t.strictSame(seqs(found), [0, 1, 2]);
});
