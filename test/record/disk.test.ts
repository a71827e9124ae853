import t from 'tap';
import { createDisk, type DiskOptions, defaultReserve, spaceOf } from '../../src/record/disk.ts';
import { openStore } from '../../src/record/store.ts';

const MB = 1_000_000;

async function disk(dir: string, options: Partial<DiskOptions> = {}) {
  const time = { now: 0 };
  const space = { bytes: 100 * MB, inodes: 1000, total: 1000 * MB };
  const store = await openStore(dir);
  const found = createDisk({
    store,
    reserve: 10 * MB,
    segmentBytes: () => MB,
    monotonic: () => time.now,
    spaceOf: async () => ({ ...space }),
    ...options,
  });
  const look = async () => {
    const measured = await found.measure();
    return measured ? found.judge(measured) : found.state();
  };
  return { disk: found, look, space, time, store };
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: as it is`), { code });
}

t.test('the default reserve', async (t) => {
  t.equal(defaultReserve(8 * 1024 ** 2), 419_430);
  t.equal(defaultReserve(MB), 256_000);
  t.equal(defaultReserve(1e12), 1024 ** 3);
});

t.test('what is free of a real disk', async (t) => {
  const { bytes, inodes, total } = await spaceOf(t.testdir());
  t.ok(bytes > 0 && total >= bytes && inodes > 0);
  t.equal((await spaceOf('/proc')).inodes, Number.POSITIVE_INFINITY);
});

t.test('off below the reserve, on again when there is clearly more', async (t) => {
  const { look, space, disk: found } = await disk(t.testdir());
  t.match(await look(), { on: true });
  space.bytes = 10 * MB;
  t.match(await look(), { on: true });
  space.bytes = 10 * MB - 1;
  t.match(await look(), { on: false, cause: 'disk-full', reason: '10.0 MB free, 10.0 MB wanted' });
  space.bytes = 12 * MB - 1;
  t.match(await look(), { on: false });
  t.equal(found.wanted(space).bytes, 12 * MB);
  space.bytes = 12 * MB;
  t.match(await look(), { on: true });
  space.bytes = 10 * MB;
  t.match(await look(), { on: true });
});

t.test('large segments, and none so far: half as much again is enough', async (t) => {
  for (const bytes of [100 * MB, 0]) {
    const { look, space } = await disk(t.testdir(), { segmentBytes: () => bytes });
    space.bytes = MB;
    await look();
    space.bytes = 15 * MB - 1;
    t.match(await look(), { on: false });
    space.bytes = 15 * MB;
    t.match(await look(), { on: true });
  }
});

t.test('inodes', async (t) => {
  const { look, space } = await disk(t.testdir());
  space.inodes = 15;
  t.match(await look(), { on: false, cause: 'disk-full', reason: '15 files can be made, 16 wanted' });
  space.inodes = 31;
  t.match(await look(), { on: false });
  space.inodes = 32;
  t.match(await look(), { on: true });
});

t.test('an error of writing: off, tried again after two seconds', async (t) => {
  for (const [code, cause] of [
    ['ENOSPC', 'disk-full'],
    ['EDQUOT', 'disk-full'],
    ['EROFS', 'disk-error'],
    ['EIO', 'disk-error'],
  ] as const) {
    let tries = 0;
    let broken = true;
    const store = await openStore(t.testdir());
    const {
      look,
      time,
      space,
      disk: found,
    } = await disk(store.path, {
      store: {
        path: store.path,
        check: store.check,
        temporary: async (extension) => {
          tries++;
          if (broken) throw failure(code);
          return await store.temporary(extension);
        },
      },
    });
    await look();
    t.equal(tries, 0, 'no need to try');
    t.equal(found.failed(failure(code)), true);
    t.match(found.judge(space), { on: false, cause, reason: `${code}: as it is` }, 'room is no help');
    time.now += 1999;
    t.match([await look(), tries], [{ on: false }, 0]);
    time.now += 1;
    t.match([await look(), tries], [{ on: false, cause }, 1]);
    broken = false;
    time.now += 1999;
    t.match([await look(), tries], [{ on: false }, 1]);
    time.now += 1;
    // More than the reserve, and less than what would be wanted after it was short of room.
    space.bytes = 11 * MB;
    t.match([await look(), tries], [{ on: true }, 2]);
  }
});

t.test('an error that is not the disk’s', async (t) => {
  const { disk: found } = await disk(t.testdir());
  t.equal(found.failed(new TypeError('a defect')), false);
  t.equal(found.failed(failure('ENOENT')), false);
  t.match(found.state(), { on: true });
});
