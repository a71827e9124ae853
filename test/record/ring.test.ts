import { execFileSync } from 'node:child_process';
import {
  appendFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { Ring } from '../../src/record/ring.ts';
import type { RingRead } from '../../src/record/types.ts';
import { halfSecond, header } from './mp4/ring-files.ts';

const A = 'aa'.repeat(16);
const B = 'bb'.repeat(16);
const file = (number: number, run = A, parts = 2, duration = 0) =>
  Buffer.concat([
    header({ run, number, dts: BigInt(number) * 1_000_000_000n, duration }),
    ...Array.from({ length: parts }, (_, n) => halfSecond(n)),
  ]);

const short = (reads: readonly RingRead[]) =>
  reads.map((read) => [read.init.run === A ? 'a' : 'b', read.init.number, read.samples.length, read.ended]);

t.test('one file after another, as the server writes them', async (t) => {
  const dir = join(t.testdir(), 'not', 'yet');
  const ring = new Ring(dir);
  t.teardown(() => ring.close());
  t.strictSame(await ring.look(), []);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, '100-000000.mp4'), file(0));
  t.strictSame(short(await ring.look()), [['a', 0, 70, false]]);
  t.strictSame(await ring.look(), []);
  await appendFile(join(dir, '100-000000.mp4'), halfSecond(2));
  await writeFile(join(dir, '101-000000.mp4'), '');
  t.strictSame(short(await ring.look()), [['a', 0, 35, false]], 'an empty file ends nothing');
  await appendFile(join(dir, '100-000000.mp4'), halfSecond(3));
  await writeFile(join(dir, '101-000000.mp4'), file(1));
  t.strictSame(
    short(await ring.look()),
    [
      ['a', 0, 35, 'closed'],
      ['a', 1, 70, false],
    ],
    'its last bytes are read first',
  );
  t.match(ring.files(), [
    { file: join(dir, '100-000000.mp4'), samples: 140, state: 'ended', run: A, bytes: file(0, A, 4).length },
    { file: join(dir, '101-000000.mp4'), samples: 70, state: 'reading' },
  ]);
});

t.test('how a file ends', async (t) => {
  const dir = t.testdir();
  const ring = new Ring(dir);
  t.teardown(() => ring.close());
  await writeFile(join(dir, '100-000000.mp4'), file(0, A, 2, 960));
  t.strictSame(short(await ring.look()), [['a', 0, 70, 'closed']], 'its duration stands in it');
  await writeFile(join(dir, '101-000000.mp4'), file(1));
  await truncate(join(dir, '101-000000.mp4'), file(1).length - 1);
  t.strictSame(short(await ring.look()), [['a', 1, 35, false]], 'half a part may become whole');
  await writeFile(join(dir, '102-000000.mp4'), file(0, B));
  t.strictSame(short(await ring.look()), [
    ['a', 1, 0, 'cut'],
    ['b', 0, 70, false],
  ]);
  await writeFile(join(dir, '103-000000.mp4'), file(1, B, 0));
  t.strictSame(short(await ring.look()), [['b', 0, 0, 'closed']], 'a later header is enough');
  t.strictSame(short(await ring.finish()), [['b', 1, 0, 'closed']], 'asked to');
  t.strictSame(await ring.finish(), []);
  await writeFile(join(dir, '104-000000.mp4'), file(2, B));
  t.strictSame(short(await ring.look()), [['b', 2, 70, false]], 'and goes on');
});

t.test('a clock that was set back changes nothing within a run', async (t) => {
  const dir = t.testdir();
  await writeFile(join(dir, '400-000000.mp4'), file(7, B));
  await writeFile(join(dir, '500-000000.mp4'), file(0));
  await writeFile(join(dir, '140-000000.mp4'), file(1));
  const ring = new Ring(dir);
  t.teardown(() => ring.close());
  const order = [
    ['b', 7, 70, 'closed'],
    ['a', 0, 70, 'closed'],
    ['a', 1, 70, false],
  ];
  t.strictSame(short(await ring.look()), order);
  await writeFile(join(dir, '141-000000.mp4'), file(2));
  t.strictSame(short(await ring.look()), [
    ['a', 1, 0, 'closed'],
    ['a', 2, 70, false],
  ]);
});

t.test('a run that is seen later comes later, whatever the clock says', async (t) => {
  const dir = t.testdir();
  await writeFile(join(dir, '500-000000.mp4'), file(0));
  const ring = new Ring(dir);
  t.teardown(() => ring.close());
  await ring.look();
  await writeFile(join(dir, '504-000000.mp4'), file(1));
  await writeFile(join(dir, '140-000000.mp4'), file(0, B));
  t.strictSame(short(await ring.look()), [
    ['a', 0, 0, 'closed'],
    ['a', 1, 70, 'closed'],
    ['b', 0, 70, false],
  ]);
  await writeFile(join(dir, '144-000000.mp4'), file(1, B));
  await ring.look();
  t.strictSame(
    ring.files().map(({ file }) => file.slice(-14, -11)),
    ['500', '504', '140', '144'],
  );
  await writeFile(join(dir, '100-000000.mp4'), '');
  await ring.look();
  t.equal(ring.newest, join(dir, '100-000000.mp4'), 'the server has just begun it');
});

t.test('a read that fails costs nothing: what is there comes once, and in order', async (t) => {
  const dir = t.testdir();
  for (const [name, number, run] of [
    [500, 0, A],
    [140, 1, A],
    [600, 0, B],
  ] as const)
    await writeFile(join(dir, `${name}-000000.mp4`), file(number, run));
  const handle = await open(join(dir, '500-000000.mp4'));
  const proto = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const real = Reflect.get(proto, 'read') as (...args: unknown[]) => Promise<unknown>;
  t.teardown(() => Reflect.set(proto, 'read', real));
  const looksOf = async (fails: (count: number) => boolean) => {
    let count = 0;
    Reflect.set(proto, 'read', function (this: unknown, ...args: unknown[]) {
      if (fails(count++)) throw Object.assign(new Error('a bad disk'), { code: 'EIO' });
      return real.apply(this, args);
    });
    const ring = new Ring(dir);
    const reads: RingRead[] = [];
    let errors = 0;
    // As long as there was an error: at once, or where something was read before, at the next look.
    for (let looks = 0; looks < 4; looks++) {
      const looked = await ring.look().catch(() => undefined);
      if (looked) reads.push(...looked);
      else errors++;
      if (ring.files().length !== 3 || ring.files().some(({ state }) => state === 'waiting'))
        throw new Error('a file with footage counts as empty');
    }
    await ring.close();
    return { reads, errors, count };
  };
  const samplesOf = (reads: RingRead[]) =>
    reads.flatMap(({ init, samples }) => samples.map((s) => [init.run, s]));
  const good = await looksOf(() => false);
  t.equal(samplesOf(good.reads).length, 210);
  for (let n = 0; n < good.count; n++) {
    const { reads } = await looksOf((count) => count === n);
    t.strictSame(samplesOf(reads), samplesOf(good.reads), `read ${n}`);
    t.strictSame(
      reads.filter(({ ended }) => ended).map(({ init, ended }) => [init.run, init.number, ended]),
      [
        [A, 0, 'closed'],
        [A, 1, 'closed'],
      ],
    );
  }
  const lasting = await looksOf((count) => count >= good.count - 8);
  t.ok(lasting.reads.length > 0, 'what can be read is given');
  t.ok(lasting.errors > 0, 'and an error that lasts is told');
});

t.test('what is no footage is named, never followed', { skip: process.platform === 'win32' }, async (t) => {
  const dir = t.testdir({
    away: { 'secret.mp4': file(9) },
    ring: { '1-0.txt': 'a note', '2-0.mp4': 'text' },
  });
  const at = join(dir, 'ring');
  await symlink(join(dir, 'away', 'secret.mp4'), join(at, '3-0.mp4'));
  execFileSync('mkfifo', [join(at, '4-0.mp4')]);
  await mkdir(join(at, '5-0.mp4'));
  const ring = new Ring(at);
  t.teardown(() => ring.close());
  t.strictSame(await ring.look(), []);
  t.strictSame(
    ring.files().map(({ file, state }) => [file.slice(-7), state]),
    [
      ['2-0.mp4', 'waiting'],
      ['3-0.mp4', 'foreign'],
      ['4-0.mp4', 'foreign'],
      ['5-0.mp4', 'foreign'],
    ],
  );
});

t.test('removing', async (t) => {
  const dir = t.testdir();
  for (const number of [0, 1, 2]) await writeFile(join(dir, `10${number}-000000.mp4`), file(number));
  const ring = new Ring(dir);
  t.teardown(() => ring.close());
  await ring.look();
  await ring.remove(join(dir, '100-000000.mp4'));
  await rm(join(dir, '101-000000.mp4'));
  await ring.remove(join(dir, '101-000000.mp4'));
  await ring.remove(join(dir, '..', 'anything.mp4'));
  t.strictSame(await readdir(dir), ['102-000000.mp4']);
  t.equal(ring.files().length, 1);
  await appendFile(join(dir, '102-000000.mp4'), halfSecond(2));
  await rm(join(dir, '102-000000.mp4'));
  t.strictSame(await ring.look(), [], 'somebody else took it');
  t.strictSame(ring.files(), []);
});

t.test('after an outage there may be more files than a process may have open', async (t) => {
  const dir = t.testdir();
  for (let number = 0; number < 60; number++)
    await writeFile(join(dir, `${100 + number}-000000.mp4`), file(number));
  const before = (await readdir('/dev/fd')).length;
  const ring = new Ring(dir);
  t.teardown(() => ring.close());
  const reads = await ring.look();
  t.equal(reads.length, 60);
  t.ok((await readdir('/dev/fd')).length <= before + 1);
  const starts = reads.map(({ samples }) => samples[0]!.dts);
  t.strictSame(
    starts,
    starts.map((_, number) => number * 90_000),
  );
});
