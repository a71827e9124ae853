import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createDisk } from '../../src/record/disk.ts';
import { Keeper } from '../../src/record/keeper.ts';
import { openLedger } from '../../src/record/ledger.ts';
import { openStore, type Store } from '../../src/record/store.ts';
import type { RecorderReport, SegmentEntry } from '../../src/record/types.ts';

const NOW = 1_800_000_000;

function clip(seq: number, bytes: number, picture: number): SegmentEntry {
  return {
    ...{ type: 'segment', path: `${seq}.mp4`, seq, from: NOW, to: NOW + seq, run: 'r', dts: 0, endDts: 0 },
    ...{ firstPts: 0, lastPts: 0, timescale: 1, frames: 1, bytes, complete: true },
    beside: [{ path: `${seq}.jpg`, bytes: picture }],
  };
}

async function rig(dir: string, maxSize: number, change: Partial<Store> = {}) {
  const store = { ...(await openStore(dir)), ...change };
  const ledger = await openLedger(await store.folder('clips/cam'));
  const reports: RecorderReport[] = [];
  const time = { monotonic: 0 };
  const monotonic = () => time.monotonic;
  const disk = createDisk({ store, reserve: 1, segmentBytes: () => 100, monotonic });
  const host = {
    now: () => NOW,
    knownTime: () => NOW,
    monotonic,
    route: 'cam',
    report: (each: RecorderReport) => reports.push(each),
  };
  const keeper = new Keeper({ store, ledger, disk, bounds: { maxSize }, host });
  const pass = async () => {
    time.monotonic += 1000;
    await keeper.pass();
  };
  return { ledger, reports, pass };
}

t.test('the size of a clip is that of its picture too', async (t) => {
  const dir = t.testdir();
  const { ledger, reports, pass } = await rig(dir, 2500);
  for (let seq = 0; seq < 4; seq++) {
    writeFileSync(join(dir, `${seq}.mp4`), Buffer.alloc(100));
    writeFileSync(join(dir, `${seq}.jpg`), Buffer.alloc(900));
    await ledger.append(clip(seq, 100, 900));
  }
  await pass();
  t.strictSame(
    readdirSync(dir).filter((name) => !name.startsWith('.')),
    ['2.jpg', '2.mp4', '3.jpg', '3.mp4'],
  );
  t.strictSame(reports, [{ type: 'removed', route: 'cam', count: 2, bytes: 2000, why: 'maxSize' }]);
});

t.test(
  'a file that can’t be removed stays, is told of once, and keeps nothing else from going',
  async (t) => {
    const dir = t.testdir();
    const real = await openStore(dir);
    const { ledger, reports, pass } = await rig(dir, 250, {
      remove: (name, size) => {
        if (name === '0.mp4') throw Object.assign(new Error('EPERM: not permitted'), { code: 'EPERM' });
        return real.remove(name, size);
      },
    });
    const add = async (seq: number, path = `${seq}.mp4`): Promise<void> => {
      writeFileSync(join(dir, `${seq}.mp4`), Buffer.alloc(100));
      await ledger.append({ ...clip(seq, 100, 0), path, beside: [] });
    };
    for (let seq = 0; seq < 3; seq++) await add(seq);
    await add(3, '../3.mp4');
    for (let seq = 4; seq < 6; seq++) await add(seq);
    for (let n = 0; n < 12; n++) await pass();
    t.strictSame(
      readdirSync(dir).filter((name) => !name.startsWith('.')),
      ['0.mp4', '3.mp4', '5.mp4'],
      'names that lead elsewhere are nobody’s business either',
    );
    t.match(
      reports.filter(({ type }) => type === 'log'),
      [{ level: 'warn', message: /EPERM: not permitted; it stays, and recording goes on/ }],
    );
  },
);

t.test('lines that were broken are told of once', async (t) => {
  const dir = t.testdir();
  const folder = join(dir, '.relay', 'clips', 'cam');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'ledger-2027-01-15.jsonl'), 'half a line\nand another\n');
  const { reports, pass } = await rig(dir, 2500);
  await pass();
  await pass();
  t.match(reports, [{ type: 'log', level: 'warn', message: /: 2 lines of the ledger can't be read/ }]);
  t.equal(reports.length, 1);
});
