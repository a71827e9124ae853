import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Folder, plainFolder } from '../../src/record/folder.ts';
import { openLedger } from '../../src/record/ledger.ts';
import { rebuild } from '../../src/record/rebuild.ts';
import { readEntries } from '../../src/record/shard.ts';
import { openStore } from '../../src/record/store.ts';
import type { Entry, GapEntry, SegmentEntry } from '../../src/record/types.ts';

const DAY = 86_400;
/** Midnight between 2026-01-01 and 2026-01-02. */
const MIDNIGHT = Date.parse('2026-01-02T00:00:00Z') / 1000;

function segment(seq: number, to: number, more: Partial<SegmentEntry> = {}): SegmentEntry {
  return {
    type: 'segment',
    path: `${seq}.mp4`,
    seq,
    from: to - 5,
    to,
    run: 'r',
    dts: seq * 5,
    endDts: seq * 5 + 5,
    firstPts: 0,
    lastPts: 4,
    timescale: 1,
    frames: 125,
    bytes: 100,
    complete: true,
    ...more,
  };
}

function gap(from: number, to: number): GapEntry {
  return { type: 'gap', from, to, cause: 'publisher', reason: 'killed by SIGKILL' };
}

async function all(entries: AsyncIterable<Entry>): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of entries) {
    found.push(entry.type === 'segment' || entry.type === 'gone' ? `${entry.type} ${entry.seq}` : entry.type);
  }
  return found;
}

/** A disk that takes only so many bytes, as a full one does. */
function smallFolder(path: string): { folder: Folder; room: { bytes: number } } {
  const room = { bytes: Number.POSITIVE_INFINITY };
  const folder = plainFolder(path);
  return {
    room,
    folder: {
      path,
      async use(work) {
        const result = await folder.use(work);
        if (typeof result !== 'object' || result === null || !('write' in result)) return result;
        const handle = result as { write: (bytes: Buffer | string) => Promise<{ bytesWritten: number }> };
        const write = handle.write.bind(handle);
        handle.write = async (bytes) => {
          if (room.bytes === 0) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
          const part = Buffer.from(bytes).subarray(0, room.bytes);
          room.bytes -= part.length;
          return await write(part);
        };
        return result;
      },
    },
  };
}

t.test('what was written is there after opening again', async (t) => {
  const dir = t.testdir();
  const ledger = await openLedger(plainFolder(dir));
  t.equal(ledger.lastSegment(), undefined);
  t.strictSame(ledger.totals(), { count: 0, bytes: 0 });
  await ledger.append(segment(0, MIDNIGHT - 10), gap(MIDNIGHT - 10, MIDNIGHT - 5));
  await ledger.append(segment(1, MIDNIGHT), segment(2, MIDNIGHT + 5));
  await ledger.gone([segment(1, MIDNIGHT)], 'missing', MIDNIGHT + 6);
  t.strictSame(readdirSync(dir).sort(), ['ledger-2026-01-01.jsonl', 'ledger-2026-01-02.jsonl']);
  for (const ledgerNow of [ledger, await openLedger(plainFolder(dir))]) {
    t.strictSame(ledgerNow.totals(), { count: 2, bytes: 200 });
    t.strictSame(ledgerNow.lastSegment(), segment(2, MIDNIGHT + 5));
    t.strictSame(await all(ledgerNow.read()), ['segment 0', 'gap', 'segment 2']);
    t.strictSame(await all(ledgerNow.read(undefined, undefined, { all: true })), [
      ...['segment 0', 'gap', 'segment 1', 'segment 2', 'gone 1'],
    ]);
    t.strictSame(await ledgerNow.oldest(9), [segment(0, MIDNIGHT - 10), segment(2, MIDNIGHT + 5)]);
  }
});

t.test(
  'the runs that it has something of, in the order of the segments, whatever the clock said',
  async (t) => {
    const dir = t.testdir();
    const ledger = await openLedger(plainFolder(dir));
    await ledger.append(
      segment(0, MIDNIGHT + DAY, { run: 'a' }),
      segment(1, MIDNIGHT + DAY + 5, { run: 'a' }),
    );
    await ledger.step(MIDNIGHT - 20, -DAY);
    t.ok(ledger.setBack);
    await ledger.append(segment(2, MIDNIGHT - 10, { run: 'b' }));
    await ledger.step(MIDNIGHT, 10);
    await ledger.gone([segment(0, MIDNIGHT + DAY, { run: 'a' })], 'keep', MIDNIGHT);
    for (const opened of [ledger, await openLedger(plainFolder(dir))]) {
      t.strictSame(
        [...opened.runs()],
        [
          ['a', 10],
          ['b', 15],
        ],
      );
      t.notOk(opened.setBack, 'since the last segment');
    }
    t.ok((await openLedger(plainFolder(dir), MIDNIGHT - 3600)).setBack, 'while nobody looked');
  },
);

t.test('a range of time, over midnights and long gaps', async (t) => {
  const dir = t.testdir();
  const ledger = await openLedger(plainFolder(dir));
  await ledger.append(segment(0, MIDNIGHT - 2), segment(1, MIDNIGHT + 3));
  await ledger.append(gap(MIDNIGHT + 3, MIDNIGHT + 3 + 4 * DAY), segment(2, MIDNIGHT + 8 + 4 * DAY));
  await ledger.append(segment(3, MIDNIGHT + 9 * DAY));
  const range = (from: number, to: number) => all(readEntries(plainFolder(dir), from, to));
  t.strictSame(await range(MIDNIGHT - 9, MIDNIGHT - 1), ['segment 0', 'segment 1']);
  t.strictSame(await range(MIDNIGHT, MIDNIGHT + 3), ['segment 1']);
  t.strictSame(await range(MIDNIGHT + DAY, MIDNIGHT + 2 * DAY), ['gap']);
  t.strictSame(await range(MIDNIGHT + 4 * DAY, MIDNIGHT + 5 * DAY), ['gap', 'segment 2']);
  t.strictSame(await range(MIDNIGHT + 5 * DAY, MIDNIGHT + 6 * DAY), []);
  t.strictSame(await range(0, MIDNIGHT - 9), []);
  await t.rejects(all(readEntries(plainFolder(join(dir, 'no')))), { code: 'ENOENT' });
});

t.test('broken lines are left out, and new ones don’t touch them', async (t) => {
  const dir = t.testdir();
  const file = join(dir, 'ledger-2026-01-01.jsonl');
  const line = (entry: Entry): string => JSON.stringify(entry);
  writeFileSync(
    file,
    [
      line(segment(0, MIDNIGHT - 30)),
      '{"type":"segment","path":',
      '\0'.repeat(200_000),
      '[]',
      'null',
      '{"type":"segment","path":"x.mp4"}',
      '',
      line(segment(1, MIDNIGHT - 25)),
      line(segment(2, MIDNIGHT - 20)).slice(0, 60),
    ].join('\n'),
  );
  writeFileSync(join(dir, 'ledger-today.jsonl'), 'not ours');
  const ledger = await openLedger(plainFolder(dir));
  t.equal(ledger.broken, 5);
  t.equal(ledger.lastSegment()?.seq, 1);
  await ledger.append(segment(2, MIDNIGHT - 20));
  t.strictSame(await all(ledger.read()), ['segment 0', 'segment 1', 'segment 2']);
  t.strictSame((await openLedger(plainFolder(dir))).totals(), { count: 3, bytes: 300 });

  // Whole but for its newline.
  appendFileSync(file, line(segment(3, MIDNIGHT - 15)));
  const again = await openLedger(plainFolder(dir));
  t.equal(again.lastSegment()?.seq, 3);
  await again.append(segment(4, MIDNIGHT - 10));
  t.strictSame(await all(again.read(MIDNIGHT - 20)), ['segment 3', 'segment 4']);
});

t.test('a crash at any byte of a line costs that line at most', async (t) => {
  const first = `${JSON.stringify(segment(0, MIDNIGHT - 20))}\n`;
  const second = `${JSON.stringify(segment(1, MIDNIGHT - 15))}\n`;
  const dir = t.testdir();
  for (let cut = 0; cut <= second.length; cut++) {
    writeFileSync(join(dir, 'ledger-2026-01-01.jsonl'), first + second.slice(0, cut));
    const ledger = await openLedger(plainFolder(dir));
    const last = ledger.lastSegment()!.seq;
    if (cut >= second.length - 1 ? last !== 1 : last !== 0) t.fail(`cut at ${cut}: ${last}`);
    await ledger.append(segment(2, MIDNIGHT - 10));
    const found = await all((await openLedger(plainFolder(dir))).read());
    if (found.at(-1) !== 'segment 2' || found.length !== last + 2) t.fail(`cut at ${cut}: ${found}`);
  }
  t.pass();
});

t.test('a full disk: lines wait in order, none is lost and none is double', async (t) => {
  const length = JSON.stringify(segment(0, MIDNIGHT - 60)).length + 1;
  for (const bytes of [0, 1, length - 1, length, length + 1, 2 * length, 2 * length + 50]) {
    const dir = t.testdir();
    const { folder, room } = smallFolder(dir);
    const ledger = await openLedger(folder);
    await ledger.append(segment(0, MIDNIGHT - 60));
    room.bytes = bytes;
    const full = { code: 'ENOSPC' };
    await t.rejects(
      ledger.append(segment(1, MIDNIGHT - 55), segment(2, MIDNIGHT - 50), segment(3, MIDNIGHT)),
      full,
    );
    await t.rejects(ledger.gone([segment(0, MIDNIGHT - 60)], 'reserve', MIDNIGHT), full);
    t.strictSame(ledger.totals(), { count: 3, bytes: 300 }, 'what is known is known');
    const rooms = [7, 0, 3];
    for (const some of rooms) {
      room.bytes = some;
      await t.rejects(ledger.flush(), full);
    }
    room.bytes = Number.POSITIVE_INFINITY;
    await ledger.append(segment(4, MIDNIGHT + 5));
    t.equal(ledger.waiting, 0);
    const opened = await openLedger(plainFolder(dir));
    t.strictSame(
      await all(opened.read(undefined, undefined, { all: true })),
      ['segment 0', 'segment 1', 'segment 2', 'gone 0', 'segment 3', 'segment 4'],
      `${bytes} bytes`,
    );
    t.strictSame(opened.totals(), { count: 4, bytes: 400 });
  }
});

t.test('a line that is appended again because it was refused stands there once', async (t) => {
  const dir = t.testdir();
  const { folder, room } = smallFolder(dir);
  const ledger = await openLedger(folder);
  await ledger.append(segment(0, MIDNIGHT - 60));
  const next = segment(1, MIDNIGHT - 55, { path: '0.mp4', beside: [{ path: '0.jpg', bytes: 7 }] });
  for (const bytes of [0, 20]) {
    room.bytes = bytes;
    await t.rejects(ledger.append(next), { code: 'ENOSPC' });
    t.equal(ledger.waiting, 1);
  }
  room.bytes = Number.POSITIVE_INFINITY;
  await ledger.append(next);
  await ledger.append(next);
  t.equal(ledger.waiting, 0);
  for (const each of [ledger, await openLedger(plainFolder(dir))]) {
    t.strictSame(each.totals(), { count: 2, bytes: 207 }, 'with what lies beside it');
    t.strictSame(await all(each.read()), ['segment 0', 'segment 1']);
  }
  await ledger.gone([next], 'keep', MIDNIGHT);
  t.strictSame(ledger.totals(), { count: 1, bytes: 100 });
});

t.test('a step of the clock while the disk takes nothing waits', async (t) => {
  const { folder, room } = smallFolder(t.testdir());
  const ledger = await openLedger(folder);
  await ledger.append(segment(0, MIDNIGHT - 60));
  room.bytes = 0;
  await ledger.step(MIDNIGHT - 3600, -3600);
  t.equal(ledger.clocks().length, 1);
  room.bytes = Number.POSITIVE_INFINITY;
  await ledger.flush();
  t.strictSame(await all(ledger.read()), ['segment 0', 'clock']);
});

t.test('more than memory may hold is counted', async (t) => {
  const { folder, room } = smallFolder(t.testdir());
  const ledger = await openLedger(folder);
  room.bytes = 0;
  const many = Array.from({ length: 10_003 }, (_, seq) => segment(seq, MIDNIGHT + seq));
  await t.rejects(ledger.append(...many), { code: 'ENOSPC' });
  t.equal(ledger.waiting, 10_000);
  t.equal(ledger.lost, 3);
  room.bytes = Number.POSITIVE_INFINITY;
  await ledger.flush();
  t.equal((await all(ledger.read())).length, 10_000);
});

t.test('appends at the same time keep their order', async (t) => {
  const ledger = await openLedger(plainFolder(t.testdir()));
  await Promise.all(Array.from({ length: 50 }, (_, seq) => ledger.append(segment(seq, MIDNIGHT + seq))));
  t.strictSame(
    await all(ledger.read()),
    Array.from({ length: 50 }, (_, seq) => `segment ${seq}`),
  );
});

t.test('the oldest: step by step through days, whatever was removed', async (t) => {
  const dir = t.testdir();
  const ledger = await openLedger(plainFolder(dir));
  const entries = Array.from({ length: 60 }, (_, seq) => segment(seq, MIDNIGHT - DAY + seq * 3600));
  await ledger.append(...entries);
  await ledger.gone([entries[3]!, entries[40]!], 'missing', MIDNIGHT);
  const left = entries.filter(({ seq }) => seq !== 3 && seq !== 40);
  while (left.length > 0) {
    const oldest = await ledger.oldest(7);
    t.strictSame(
      oldest.map(({ seq }) => seq),
      left.slice(0, 7).map(({ seq }) => seq),
    );
    const gone = left.splice(0, 5);
    await ledger.gone(gone, 'keep', MIDNIGHT);
    t.equal(ledger.totals().count, left.length);
  }
  t.strictSame(await ledger.oldest(7), []);
});

t.test('files of days go when nothing of them is left', async (t) => {
  const dir = t.testdir();
  const ledger = await openLedger(plainFolder(dir));
  const entries = [0, 1, 2, 3, 4].map((seq) => segment(seq, MIDNIGHT + seq * DAY + 100));
  for (const entry of entries) await ledger.append(gap(entry.from - 50, entry.from), entry);
  const now = MIDNIGHT + 4 * DAY + 200;
  const files = () => readdirSync(dir).map((name) => name.slice(15, 17));
  await ledger.prune(now, DAY);
  t.equal(files().length, 5, 'segments are there');
  await ledger.gone([entries[1]!], 'missing', now);
  await ledger.prune(now, DAY);
  t.equal(files().length, 5, 'an older one is there');
  await ledger.gone([entries[0]!], 'keep', now);
  await ledger.prune(now, 10 * DAY);
  t.equal(files().length, 5, 'gaps are young');
  await ledger.prune(now, DAY);
  t.strictSame(files(), ['04', '05', '06']);
  await ledger.gone(entries.slice(2), 'maxSize', now);
  await ledger.prune(now + 30 * DAY, DAY);
  t.strictSame(files(), ['06'], 'the last segment stays in mind');
  t.equal((await openLedger(plainFolder(dir))).lastSegment()?.seq, 4);
  t.strictSame((await openLedger(plainFolder(dir))).totals(), { count: 0, bytes: 0 });
});

t.test('a clock that was years ahead for a while', async (t) => {
  const dir = t.testdir();
  const ledger = await openLedger(plainFolder(dir));
  const years = 1000 * DAY;
  await ledger.append(segment(0, MIDNIGHT));
  await ledger.step(MIDNIGHT + years, years);
  await ledger.append(segment(1, MIDNIGHT + years + 5));
  await ledger.step(MIDNIGHT + 10, -years);
  await ledger.append(segment(2, MIDNIGHT + DAY));
  for (const opened of [ledger, await openLedger(plainFolder(dir))]) {
    t.equal(opened.lastSegment()?.seq, 2);
    t.strictSame(
      (await opened.oldest(9)).map(({ seq }) => seq),
      [0, 1, 2],
    );
    t.strictSame(
      opened
        .clocks()
        .map(({ step, seq }) => [step, seq])
        .sort(),
      [
        [-years, 2],
        [years, 1],
      ].sort(),
    );
  }
  await ledger.gone([segment(0, MIDNIGHT), segment(1, MIDNIGHT + years + 5)], 'keep', MIDNIGHT + DAY);
  await ledger.prune(MIDNIGHT + 9 * DAY, DAY);
  t.strictSame(readdirSync(dir), ['ledger-2026-01-03.jsonl']);
  t.strictSame(ledger.clocks(), []);
});

t.test('a clock that was set back while nothing ran', async (t) => {
  const dir = t.testdir();
  await (await openLedger(plainFolder(dir))).append(segment(7, MIDNIGHT));
  t.strictSame((await openLedger(plainFolder(dir), MIDNIGHT - 1)).clocks(), []);
  t.strictSame((await openLedger(plainFolder(dir), MIDNIGHT + DAY)).clocks(), []);
  const ledger = await openLedger(plainFolder(dir), MIDNIGHT - DAY);
  t.strictSame(ledger.clocks(), [{ type: 'clock', at: MIDNIGHT - DAY, step: -DAY, seq: 8 }]);
  t.equal((await openLedger(plainFolder(dir))).clocks().length, 1);
});

t.test('names that come again are other segments', async (t) => {
  const dir = t.testdir();
  const ledger = await openLedger(plainFolder(dir));
  const [first, second] = [0, 1].map((seq) => segment(seq, MIDNIGHT + seq, { path: 'same.mp4' }));
  await ledger.append(first!);
  await ledger.gone([first!], 'keep', MIDNIGHT);
  await ledger.append(second!);
  t.strictSame(await all(ledger.read()), ['segment 1']);
  t.strictSame((await openLedger(plainFolder(dir))).totals(), { count: 1, bytes: 100 });
});

t.test('a lost ledger comes back from the files', async (t) => {
  const top = realpathSync(t.testdir());
  const store = await openStore(top);
  const write = async (name: string, meta: object): Promise<void> => {
    const file = await store.temporary('mp4');
    await file.handle.write(JSON.stringify(meta));
    await store.publish(file, name);
  };
  const mine = (seq: number, to: number, more: Partial<SegmentEntry> = {}) => ({
    route: 'lobby',
    ...segment(seq, to, more),
  });
  await write('c.mp4', mine(2, MIDNIGHT + 60, { run: 's', dts: 0, endDts: 5 }));
  await write('day/b.mp4', mine(1, MIDNIGHT + 5));
  await write('a.mp4', mine(0, MIDNIGHT));
  await write('d.mp4', mine(3, MIDNIGHT + 65.01, { run: 'other', dts: 0 }));
  await write('other.mp4', { ...mine(9, MIDNIGHT), route: 'door' });
  writeFileSync(join(top, 'theirs.mp4'), 'not ours');
  mkdirSync(join(top, '.relay/ring'));
  writeFileSync(join(top, '.relay/ring/x.mp4'), JSON.stringify(mine(8, MIDNIGHT)));

  const folder = await store.folder('lobby');
  const readMeta = async (file: string) => JSON.parse(readFileSync(file, 'utf8'));
  const ledger = await openLedger(folder);
  t.equal(await rebuild(ledger, store, 'lobby', readMeta), 4);
  t.strictSame(await all(ledger.read()), ['segment 0', 'segment 1', 'gap', 'segment 2', 'segment 3']);
  const found: Entry[] = [];
  for await (const entry of ledger.read(MIDNIGHT + 1, MIDNIGHT + 50)) found.push(entry);
  const size = (name: string): number => readFileSync(join(top, name)).length;
  t.strictSame(found, [
    segment(1, MIDNIGHT + 5, { path: 'day/b.mp4', bytes: size('day/b.mp4') }),
    { type: 'gap', from: MIDNIGHT + 5, to: MIDNIGHT + 55, cause: 'unknown', reason: 'the ledger was lost' },
  ]);
  t.equal(await rebuild(ledger, store, 'lobby', readMeta), 0, 'not twice');
  t.equal(await store.remove('day/b.mp4', size('day/b.mp4')), 'removed');

  rmSync(join(top, '.relay'), { recursive: true });
  await ledger.append(segment(4, MIDNIGHT + 70));
  t.ok((await all(ledger.read())).includes('segment 4'), 'somebody removed .relay while it was used');
});
