/** The folder of snapshots: whole files under the time of their picture, the newest under a name of its own, old ones gone. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SnapshotsSpec } from '../../src/record/types.ts';
import { Album, type AlbumOptions } from '../../src/snapshots/album.ts';

const START = 1_800_000_000;
const picture = (index: number) => Buffer.alloc(1000, index);

async function setUp(t: Test, more: Partial<SnapshotsSpec> = {}) {
  const dir = join(t.testdir(), 'shots');
  const time = { now: START, monotonic: 0 };
  const said: string[] = [];
  const spec: SnapshotsSpec = {
    kind: 'snapshots',
    dir,
    every: { by: 'keyframes' },
    quality: 80,
    name: '{unix}',
    ...more,
  };
  const options: AlbumOptions = {
    spec,
    route: 'yard/gate',
    now: () => time.now,
    monotonic: () => time.monotonic,
    say: (level, message) => said.push(`${level}: ${message}`),
  };
  const pass = (seconds: number) => {
    time.now += seconds;
    time.monotonic += seconds * 1000;
  };
  const files = () => readdirSync(dir).filter((name) => name !== '.relay');
  return { dir, options, pass, time, said, files, album: await Album.open(options) };
}

t.test('names are times, and nothing is overwritten', async (t) => {
  const { dir, album, files } = await setUp(t);
  t.equal(await album.put(picture(1), START + 0.0425), `${START}.042.jpg`);
  t.equal(await album.put(picture(2), START + 0.0425), `${START}.042-1.jpg`);
  t.ok(readFileSync(join(dir, `${START}.042.jpg`)).equals(picture(1)));
  t.same(files().length, 2);
  t.same(readdirSync(join(dir, '.relay', 'tmp')), [], 'no temporary file');
});

t.test('the newest has a name of its own; a link there is replaced, not followed', async (t) => {
  const { dir, album } = await setUp(t, { latest: 'now.jpg' });
  const elsewhere = join(dir, '..', 'elsewhere');
  writeFileSync(elsewhere, 'of somebody');
  symlinkSync(elsewhere, join(dir, 'now.jpg'));
  for (const index of [1, 2]) {
    await album.put(picture(index), START + index);
    t.ok(lstatSync(join(dir, 'now.jpg')).isFile());
    t.ok(readFileSync(join(dir, 'now.jpg')).equals(picture(index)));
  }
  t.equal(readFileSync(elsewhere, 'utf8'), 'of somebody');
});

t.test('what is too much goes, and only what is ours, also after a restart', async (t) => {
  const { dir, options, pass, files, album } = await setUp(t, {
    maxSize: 3000,
    name: '{seq}',
    latest: 'now.jpg',
  });
  writeFileSync(join(dir, 'mine.jpg'), picture(99));
  for (let index = 0; index < 5; index++) {
    pass(6);
    await album.put(picture(index), options.now());
  }
  const again = await Album.open(options);
  for (let index = 5; index < 8; index++) {
    pass(6);
    await again.put(picture(index), options.now());
  }
  pass(6);
  await again.put(picture(8), options.now());
  t.same(files().sort(), ['000005.jpg', '000006.jpg', '000007.jpg', '000008.jpg', 'mine.jpg', 'now.jpg']);
});

t.test('what is too old goes, but not because the clock was set', async (t) => {
  const { options, pass, time, files, album } = await setUp(t, { keep: 60 });
  for (let index = 0; index < 4; index++) {
    pass(6);
    await album.put(picture(index), options.now());
  }
  const names = files();
  time.now += 3600;
  pass(6);
  await album.put(picture(4), options.now());
  t.same(
    names.filter((name) => !files().includes(name)),
    [],
    'an hour forward: all are there',
  );
  pass(54);
  for (let index = 5; index < 10; index++) {
    pass(6);
    await album.put(picture(index), options.now());
  }
  t.same(
    names.filter((name) => files().includes(name)),
    [],
  );
});

t.test('without room nothing is written, and it is said once', async (t) => {
  const { options, files, said, pass } = await setUp(t);
  const album = await Album.open({ ...options, spec: { ...options.spec, reserve: Number.MAX_SAFE_INTEGER } });
  for (let index = 0; index < 3; index++) {
    pass(6);
    t.equal(await album.put(picture(index), options.now()), undefined);
  }
  t.same(files(), []);
  t.equal(said.length, 1);
  t.match(said[0], /^warn: no snapshots are written to .*: .*free/);
});

t.test('a folder that is swapped for another is not written to', async (t) => {
  const { dir, options, album } = await setUp(t);
  await album.put(picture(1), options.now());
  renameSync(dir, `${dir}.old`);
  mkdirSync(dir);
  t.equal(await album.put(picture(2), options.now() + 1), undefined);
  t.notOk(existsSync(join(dir, '.relay')));
  t.same(readdirSync(dir), []);
});
