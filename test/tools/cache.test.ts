import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cacheFolder, isRecord, remembered } from '../../src/tools/cache.ts';

const isFacts = (value: unknown): value is { n: number } => isRecord(value) && typeof value.n === 'number';

t.test('the cache folder follows the habits of each system', async (t) => {
  t.equal(cacheFolder({ HOME: '/home/a' }, 'linux'), '/home/a/.cache/relay-gateway');
  t.equal(cacheFolder({ HOME: '/home/a', XDG_CACHE_HOME: '/c' }, 'linux'), '/c/relay-gateway');
  t.equal(cacheFolder({ HOME: '/home/a', XDG_CACHE_HOME: 'c' }, 'linux'), '/home/a/.cache/relay-gateway');
  t.equal(cacheFolder({ HOME: '/Users/a' }, 'darwin'), '/Users/a/Library/Caches/relay-gateway');
  t.match(cacheFolder({ LOCALAPPDATA: '/local' }, 'win32'), /^\/local.relay-gateway$/);
});

t.test('facts are remembered until the program changes', async (t) => {
  const folder = t.testdir({ program: 'one', cache: {} });
  const env = { XDG_CACHE_HOME: join(folder, 'cache') };
  const path = join(folder, 'program');
  let measured = 0;
  const measure = async () => ({ n: ++measured });
  const ask = () => remembered(env, 'x', path, measure, isFacts);

  t.same(await ask(), { n: 1 });
  t.same(await ask(), { n: 1 }, 'from memory');
  writeFileSync(path, 'longer');
  t.same(await ask(), { n: 2 }, 'another size');
  utimesSync(path, 1, 1);
  t.same(await ask(), { n: 3 }, 'another time');

  const programs = join(cacheFolder(env), 'programs');
  const [file = ''] = readdirSync(programs);
  for (const damage of ['', '{', 'null', '{"identity":1,"facts":{"n":"no"}}']) {
    writeFileSync(join(programs, file), damage);
    t.same(await ask(), { n: measured }, `damaged: ${damage}`);
  }
  t.equal(measured, 7);
  t.same(readdirSync(programs), [file], 'nothing half-written is left');
});

t.test('one file under two names is remembered twice', async (t) => {
  const folder = t.testdir({
    multi: 'x',
    a: t.fixture('symlink', 'multi'),
    b: t.fixture('symlink', 'multi'),
  });
  const env = { XDG_CACHE_HOME: join(folder, 'cache') };
  t.same(await remembered(env, 'x', join(folder, 'a'), async () => ({ n: 1 }), isFacts), { n: 1 });
  t.same(await remembered(env, 'x', join(folder, 'b'), async () => ({ n: 2 }), isFacts), { n: 2 });
});

t.test('without a cache folder everything is measured', async (t) => {
  const folder = t.testdir({ program: 'x', file: '' });
  const env = { XDG_CACHE_HOME: join(folder, 'file') };
  let measured = 0;
  for (const n of [1, 2]) {
    t.same(await remembered(env, 'x', join(folder, 'program'), async () => ({ n: ++measured }), isFacts), {
      n,
    });
  }
});
