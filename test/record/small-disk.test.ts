/** Store, ledger and disk on a real file system of 8 MB that is filled, emptied, locked and robbed of its inodes. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createDisk } from '../../src/record/disk.ts';
import { openLedger } from '../../src/record/ledger.ts';
import { retain } from '../../src/record/retention.ts';
import { openStore } from '../../src/record/store.ts';
import type { SegmentEntry } from '../../src/record/types.ts';

const BYTES = 200_000;
const mount = (...args: string[]): boolean => spawnSync('mount', args).status === 0;

/** Where mounting is not allowed (no root, a container), there is nothing to test on. */
function tmpfs(t: Test, options: string): string | undefined {
  // Not tap's own folder: that is removed before a teardown can unmount.
  const top = mkdtempSync(join(realpathSync(tmpdir()), 'relay-small-disk-'));
  const dir = join(top, 'disk');
  mkdirSync(dir);
  writeFileSync(join(top, 'precious'), 'mine');
  const mounted = process.getuid?.() === 0 && mount('-t', 'tmpfs', '-o', options, 'none', dir);
  t.teardown(() => {
    if (mounted) spawnSync('umount', ['--lazy', dir]);
    rmSync(top, { recursive: true });
  });
  return mounted ? dir : undefined;
}

/** A sink as the recorder has it, as far as it is about files. */
async function sink(dir: string, bounds: { keep?: number; maxSize?: number } = {}) {
  const store = await openStore(dir);
  const ledger = await openLedger(await store.folder('lobby'));
  const last = ledger.lastSegment();
  const time = { now: last?.to ?? 1_800_000_000, monotonic: 0 };
  const disk = createDisk({ store, segmentBytes: () => BYTES, monotonic: () => time.monotonic });
  let seq = (last?.seq ?? -1) + 1;
  let completed = 0;
  const pass = async () => {
    const space = await disk.measure();
    if (!space) return disk.state();
    const { remove } = retain({
      entries: await ledger.oldest(100),
      totals: ledger.totals(),
      now: time.now,
      ...bounds,
      free: space,
      reserve: disk.wanted(space),
      clocks: ledger.clocks(),
      completed,
    });
    completed = 0;
    for (const { entry, why } of remove) {
      if ((await store.remove(entry.path, entry.bytes)) !== 'removed') throw new Error(`${entry.path} stays`);
      await ledger.gone([entry], why, time.now);
    }
    return disk.judge((await disk.measure()) ?? space);
  };
  /** undefined: the disk did not take it. */
  const record = async (size = BYTES): Promise<string | undefined> => {
    time.now += 5;
    try {
      const file = await store.temporary('mp4');
      try {
        await file.handle.writeFile(Buffer.alloc(size, seq));
        const path = await store.publish(file, `${time.now}.mp4`);
        completed++;
        await ledger.append(entry(seq++, path, time.now, size));
        return path;
      } catch (error) {
        await file.discard().catch(() => undefined);
        throw error;
      }
    } catch (error) {
      if (!disk.failed(error)) throw error;
      return undefined;
    }
  };
  return { store, ledger, disk, time, pass, record };
}

function entry(seq: number, path: string, to: number, bytes: number): SegmentEntry {
  const times = {
    from: to - 5,
    to,
    dts: seq * 5,
    endDts: seq * 5 + 5,
    firstPts: 0,
    lastPts: 4,
    timescale: 1,
  };
  return { type: 'segment', path, seq, run: 'r', frames: 125, bytes, complete: true, ...times };
}

/** Takes all that is free, byte by byte or name by name. */
function fill(write: (count: number) => void): void {
  try {
    for (let count = 0; ; count++) write(count);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

/** No name in the folder that is not whole. */
function whole(dir: string): boolean {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.mp4'))
    .every((name) => lstatSync(join(dir, name)).size === BYTES);
}

t.test('without bounds recording stops at the reserve, and goes on when there is room', async (t) => {
  const dir = tmpfs(t, 'size=8m');
  if (!dir) return t.pass('no tmpfs here');
  const { pass, record, time } = await sink(dir);
  let made = 0;
  while ((await pass()).on) {
    t.ok(await record());
    made++;
  }
  t.match(await pass(), { on: false, cause: 'disk-full' });
  t.ok(made > 30 && made < 42, `${made}`);
  t.equal(readdirSync(dir).length, made + 1, 'nothing was removed');
  writeFileSync(join(dir, 'theirs'), Buffer.alloc(300_000));
  rmSync(join(dir, `${time.now}.mp4`));
  t.match(await pass(), { on: false }, 'a little room is not enough');
  rmSync(join(dir, 'theirs'));
  rmSync(join(dir, `${time.now - 5}.mp4`));
  t.match(await pass(), { on: true });
});

t.test('with bounds the oldest make room, also for what others write', async (t) => {
  const dir = tmpfs(t, 'size=8m');
  if (!dir) return t.pass('no tmpfs here');
  const { pass, record, ledger } = await sink(dir, { keep: 86_400 });
  for (let count = 0; count < 100; count++) {
    t.match(await pass(), { on: true });
    t.ok(await record());
  }
  t.ok(ledger.totals().count > 30);
  for (let count = 0; count < 25; count++) {
    appendFileSync(join(dir, 'theirs'), Buffer.alloc(200 * 1024));
    t.match(await pass(), { on: true });
  }
  t.ok(ledger.totals().count < 15 && ledger.totals().count > 5);
  t.ok(whole(dir));
  t.equal(readdirSync(dir).length, ledger.totals().count + 2);
  t.strictSame((await sink(dir)).ledger.totals(), ledger.totals());
});

t.test('full to the last byte: no half of a file, no line lost', async (t) => {
  const dir = tmpfs(t, 'size=8m');
  if (!dir) return t.pass('no tmpfs here');
  const { record, pass, disk, ledger, time } = await sink(dir);
  const made: string[] = [];
  for (let path = await record(); path; path = await record()) made.push(path);
  t.match(disk.state(), { on: false, cause: 'disk-full', reason: /ENOSPC/ });
  const theirs = join(dir, 'theirs');
  fill(() => appendFileSync(theirs, Buffer.alloc(4096)));
  t.ok(whole(dir));
  t.strictSame(readdirSync(join(dir, '.relay/tmp')), []);
  const gap = {
    type: 'gap',
    from: time.now,
    to: time.now + 60,
    cause: 'disk-full',
    reason: 'x'.repeat(5000),
  } as const;
  await t.rejects(ledger.append(gap), { code: 'ENOSPC' });
  time.monotonic += 2000;
  t.match(await pass(), { on: false, reason: /ENOSPC/ }, 'tried, and not yet');
  rmSync(theirs);
  for (const path of made.splice(0, 5)) rmSync(join(dir, path));
  time.monotonic += 2000;
  t.match(await pass(), { on: true });
  t.ok(await record());
  const found: string[] = [];
  for await (const { type } of ledger.read()) found.push(type);
  t.strictSame(found.slice(-2), ['gap', 'segment']);
});

t.test('locked and unlocked', async (t) => {
  const dir = tmpfs(t, 'size=8m');
  if (!dir) return t.pass('no tmpfs here');
  const { record, pass, disk, ledger, time } = await sink(dir, { keep: 1 });
  await record();
  if (!mount('-o', 'remount,ro', dir)) return t.pass('no remounting here');
  t.equal(await record(), undefined);
  t.match(disk.state(), { on: false, cause: 'disk-error', reason: /EROFS/ });
  time.monotonic += 2000;
  t.match(await pass(), { on: false, reason: /EROFS/ });
  t.equal(ledger.totals().count, 1, 'what can’t be removed is there');
  mount('-o', 'remount,rw', dir);
  time.monotonic += 2000;
  t.match(await pass(), { on: true });
  t.ok(await record());
});

t.test('no inodes', async (t) => {
  const dir = tmpfs(t, 'size=8m,nr_inodes=80');
  if (!dir) return t.pass('no tmpfs here');
  const bounded = await sink(dir, { maxSize: 1e9 });
  for (let count = 0; count < 200; count++) {
    t.match(await bounded.pass(), { on: true });
    t.ok(await bounded.record(1000));
  }
  const { record, pass, time } = await sink(dir);
  mkdirSync(join(dir, 'theirs'));
  fill((count) => writeFileSync(join(dir, 'theirs', `${count}`), ''));
  t.match(await pass(), { on: false, cause: 'disk-full', reason: /files can be made/ });
  t.equal(await record(), undefined);
  rmSync(join(dir, 'theirs'), { recursive: true });
  for (const name of readdirSync(dir).slice(-20)) rmSync(join(dir, name));
  time.monotonic += 2000;
  t.match(await pass(), { on: true });
  t.ok(await record());
});

t.test('links in the place of a segment and of the folder; another disk in its place', async (t) => {
  const dir = tmpfs(t, 'size=8m');
  if (!dir) return t.pass('no tmpfs here');
  const precious = join(dir, '../precious');
  const { record, pass, disk, time, store } = await sink(dir, { keep: 86_400 });
  symlinkSync(precious, join(dir, `${time.now + 5}.mp4`));
  t.equal(await record(), `${time.now}-1.mp4`);
  t.equal(readFileSync(precious, 'utf8'), 'mine');
  t.ok(mount('-t', 'tmpfs', '-o', 'size=1m', 'none', dir));
  t.equal(await record(), undefined);
  t.match(disk.state(), { on: false, cause: 'disk-error', reason: /not the folder any more/ });
  time.monotonic += 2000;
  t.match(await pass(), { on: false });
  t.strictSame(readdirSync(dir), []);
  spawnSync('umount', [dir]);
  time.monotonic += 2000;
  t.match(await pass(), { on: true });
  t.equal(await record(), `${time.now}.mp4`);
  t.equal(store.path, dir);
});
