import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { LinkFile } from '../../src/record/publish.ts';
import { openStore, type Store } from '../../src/record/store.ts';

async function written(store: Store, text: string, extension = 'mp4') {
  const file = await store.temporary(extension);
  await file.handle.write(text);
  return file;
}

async function put(store: Store, name: string, text: string): Promise<string> {
  return await store.publish(await written(store, text), name);
}

function fail(code: string): LinkFile {
  return async () => {
    throw Object.assign(new Error(`${code}: link`), { code });
  };
}

/** A folder beside the store's with something worth keeping. */
function outside(top: string): string {
  const folder = join(top, 'outside');
  mkdirSync(folder);
  writeFileSync(join(folder, 'precious'), 'mine');
  return folder;
}

t.test('a folder is made, private files are private, a link to it is followed once', async (t) => {
  const top = realpathSync(t.testdir());
  const store = await openStore(join(top, 'a/b'));
  t.equal(lstatSync(join(top, 'a/b/.relay')).mode & 0o777, 0o700);
  mkdirSync(join(top, 'real'));
  symlinkSync(join(top, 'real'), join(top, 'link'));
  t.equal((await openStore(join(top, 'link'))).path, join(top, 'real'));
  const folder = await store.folder('ring/lobby');
  t.equal(folder.path, join(top, 'a/b/.relay/ring/lobby'));
  t.equal(lstatSync(folder.path).mode & 0o777, 0o700);

  writeFileSync(join(top, 'file'), '');
  await t.rejects(openStore(join(top, 'file')), { code: 'RELAY_RECORD_FOLDER' });
});

t.test('.relay: a link is refused, an open door is closed', async (t) => {
  const top = realpathSync(t.testdir({ planted: {}, open: { '.relay': {} } }));
  symlinkSync(outside(top), join(top, 'planted/.relay'));
  await t.rejects(openStore(join(top, 'planted')), {
    code: 'RELAY_RECORD_FOLDER',
    message: /\.relay is a link/,
  });
  t.strictSame(readdirSync(join(top, 'outside')), ['precious']);
  chmodSync(join(top, 'open/.relay'), 0o777);
  await openStore(join(top, 'open'));
  t.equal(lstatSync(join(top, 'open/.relay')).mode & 0o777, 0o700);
});

t.test(
  '.relay of somebody else is refused',
  { skip: process.geteuid?.() !== 0 && 'needs root' },
  async (t) => {
    const top = realpathSync(t.testdir({ '.relay': {} }));
    spawnSync('chown', ['65534', join(top, '.relay')]);
    await t.rejects(openStore(top), { code: 'RELAY_RECORD_FOLDER', message: /belongs to somebody else/ });
  },
);

t.test('a file comes whole, with the next free name, and never in the place of another', async (t) => {
  const top = realpathSync(t.testdir());
  const store = await openStore(top);
  t.equal(await put(store, 'lobby/1.mp4', 'one'), 'lobby/1.mp4');
  t.equal(await put(store, 'lobby/1.mp4', 'two'), 'lobby/1-1.mp4');
  t.equal(await put(store, 'lobby/1.mp4', 'three'), 'lobby/1-2.mp4');
  t.equal(readFileSync(join(top, 'lobby/1.mp4'), 'utf8'), 'one');
  t.equal(readFileSync(join(top, 'lobby/1-2.mp4'), 'utf8'), 'three');
  t.equal(lstatSync(join(top, 'lobby/1.mp4')).nlink, 1);
  t.strictSame(readdirSync(join(top, '.relay/tmp')), []);
});

t.test('the same bytes under the same name are the same file, published before a crash', async (t) => {
  const store = await openStore(t.testdir());
  t.equal(await put(store, '1.mp4', 'x'.repeat(600_000)), '1.mp4');
  t.equal(await put(store, '1.mp4', 'x'.repeat(600_000)), '1.mp4');
  t.equal(await put(store, '1.mp4', `${'x'.repeat(599_999)}y`), '1-1.mp4');
});

t.test('links and folders in the place of a segment are walked around', async (t) => {
  const top = realpathSync(t.testdir());
  const store = await openStore(top);
  const target = join(outside(top), 'precious');
  symlinkSync(target, join(top, '1.mp4'));
  symlinkSync(join(top, 'nowhere'), join(top, '1-1.mp4'));
  mkdirSync(join(top, '1-2.mp4'));
  linkSync(target, join(top, '1-3.mp4'));
  t.equal(await put(store, '1.mp4', 'footage'), '1-4.mp4');
  t.equal(readFileSync(target, 'utf8'), 'mine');
  t.notOk(existsSync(join(top, 'nowhere')));
});

t.test('sub-folders that are links are not entered', async (t) => {
  const top = realpathSync(t.testdir());
  const store = await openStore(top);
  const away = outside(top);
  symlinkSync(away, join(top, 'lobby'));
  const file = await written(store, 'footage');
  await t.rejects(store.publish(file, 'lobby/1.mp4'), {
    code: 'RELAY_RECORD_FOLDER',
    message: /lobby is a link/,
  });
  await t.rejects(store.replace(file, 'lobby/precious'), { code: 'RELAY_RECORD_FOLDER' });
  t.equal(
    await store.publish(file, 'other/1.mp4'),
    'other/1.mp4',
    'the file is still there for another name',
  );
  t.equal(await store.remove('lobby/precious', 4), 'other');
  t.strictSame(readdirSync(away), ['precious']);
  t.equal(readFileSync(join(away, 'precious'), 'utf8'), 'mine');
});

t.test('names that lead elsewhere are refused', async (t) => {
  const top = realpathSync(t.testdir({ store: {} }));
  const store = await openStore(join(top, 'store'));
  const file = await written(store, 'footage');
  for (const name of [
    '../1.mp4',
    '/tmp/1.mp4',
    'a/../../1.mp4',
    '',
    'a//b',
    '.relay/1.mp4',
    '.RELAY/tmp/1',
    'a\0b',
  ]) {
    await t.rejects(store.publish(file, name), { code: 'RELAY_RECORD_FOLDER' }, JSON.stringify(name));
    t.equal(await store.remove(name, 7), 'other', JSON.stringify(name));
  }
  await t.rejects(store.folder('../x'), { code: 'RELAY_RECORD_FOLDER' });
  await file.discard();
  t.strictSame(readdirSync(top), ['store']);
});

t.test('a folder that was replaced is not written to, until the right one is back', async (t) => {
  const top = realpathSync(t.testdir({ store: {} }));
  const dir = join(top, 'store');
  const store = await openStore(dir);
  await put(store, '1.mp4', 'one');
  const file = await written(store, 'two');
  const away = outside(top);
  mkdirSync(join(away, '.relay/tmp'), { recursive: true });
  const before = readdirSync(away);
  const refused = { code: 'RELAY_RECORD_FOLDER' };
  const all = async (what: string) => {
    await t.rejects(store.check(), refused, `check ${what}`);
    await t.rejects(store.temporary('mp4'), refused, `temporary ${what}`);
    await t.rejects(store.publish(file, '2.mp4'), refused, `publish ${what}`);
    await t.rejects(store.replace(file, '1.mp4'), refused, `replace ${what}`);
    await t.rejects(store.remove('1.mp4', 3), refused, `remove ${what}`);
    await t.rejects(store.folder('lobby'), refused, `folder ${what}`);
  };
  renameSync(dir, join(top, 'moved'));
  await all('while it is gone');
  symlinkSync(away, dir);
  await all('through a link');
  rmSync(dir);
  mkdirSync(dir);
  await all('into another folder');
  t.strictSame(readdirSync(dir), []);
  t.strictSame(readdirSync(away), before);
  rmSync(dir, { recursive: true });
  renameSync(join(top, 'moved'), dir);
  t.equal(await store.publish(file, '2.mp4'), '2.mp4');
  t.equal(readFileSync(join(dir, '2.mp4'), 'utf8'), 'two');
});

t.test('a link on the way to the folder that leads elsewhere later', async (t) => {
  const top = realpathSync(t.testdir({ disk: { rec: {} }, other: { rec: {} } }));
  symlinkSync(join(top, 'disk'), join(top, 'link'));
  const dir = join(top, 'link', 'rec');
  const store = await openStore(dir);
  t.equal(store.path, join(top, 'disk', 'rec'));
  await store.check();
  rmSync(join(top, 'link'));
  await t.rejects(store.check(), { code: 'RELAY_RECORD_FOLDER', message: /can't be found/ });
  symlinkSync(join(top, 'other'), join(top, 'link'));
  const message = `${dir} led to ${store.path} at the start and leads elsewhere now: set it right, or start the gateway again`;
  await t.rejects(store.check(), { code: 'RELAY_RECORD_FOLDER', message });
  t.strictSame(readdirSync(join(top, 'other', 'rec')), []);
  rmSync(join(top, 'link'));
  symlinkSync(join(top, 'disk'), join(top, 'link'));
  await store.check();
});

t.test('without hard links: the same, and no half of a file', async (t) => {
  const top = realpathSync(t.testdir());
  const store = await openStore(top, fail('EPERM'));
  t.equal(await put(store, '1.mp4', 'one'), '1.mp4');
  t.equal(await put(store, '1.mp4', 'two'), '1-1.mp4');
  t.equal(await put(store, '1.mp4', 'one'), '1.mp4');
  symlinkSync(join(top, 'nowhere'), join(top, '2.mp4'));
  t.equal(await put(store, '2.mp4', 'three'), '2-1.mp4');
  t.equal(readFileSync(join(top, '1.mp4'), 'utf8'), 'one');
  t.equal(readFileSync(join(top, '1-1.mp4'), 'utf8'), 'two');
  t.strictSame(readdirSync(join(top, '.relay/tmp')), []);
});

t.test('an error leaves the file as it was, to be published later or thrown away', async (t) => {
  const top = realpathSync(t.testdir());
  const store = await openStore(top, fail('ENOSPC'));
  const file = await written(store, 'one');
  await t.rejects(store.publish(file, '1.mp4'), { code: 'ENOSPC' });
  t.strictSame(readdirSync(top), ['.relay']);
  t.equal(readFileSync(file.path, 'utf8'), 'one');
  await file.discard();
  t.notOk(existsSync(file.path));
});

t.test('replace: at once, a link is replaced and a folder is not', async (t) => {
  const top = realpathSync(t.testdir({ 'folder.jpg': {} }));
  const store = await openStore(top);
  const target = join(outside(top), 'precious');
  symlinkSync(target, join(top, 'latest.jpg'));
  await store.replace(await written(store, 'picture', 'jpg'), 'latest.jpg');
  t.ok(lstatSync(join(top, 'latest.jpg')).isFile());
  await store.replace(await written(store, 'another', 'jpg'), 'latest.jpg');
  t.equal(readFileSync(join(top, 'latest.jpg'), 'utf8'), 'another');
  t.equal(readFileSync(target, 'utf8'), 'mine');
  const file = await written(store, 'picture', 'jpg');
  await t.rejects(store.replace(file, 'folder.jpg'), { code: 'EISDIR' });
  await file.discard();
});

t.test('only what was recorded is removed', async (t) => {
  const top = realpathSync(t.testdir());
  const store = await openStore(top);
  const target = join(outside(top), 'precious');
  await put(store, '1.mp4', 'four');
  t.equal(await store.remove('1.mp4', 5), 'other');
  t.equal(await store.remove('1.mp4', 4), 'removed');
  t.equal(await store.remove('1.mp4', 4), 'missing');
  t.equal(await store.remove('no/1.mp4', 4), 'missing');
  symlinkSync(target, join(top, '2.mp4'));
  t.equal(await store.remove('2.mp4', 4), 'other');
  t.equal(readlinkSync(join(top, '2.mp4')), target);
  mkdirSync(join(top, '3.mp4'));
  t.equal(await store.remove('3.mp4', lstatSync(join(top, '3.mp4')).size), 'other');
});

t.test('empty folders of ours go, also those of the last run; those of others stay', async (t) => {
  const top = realpathSync(t.testdir({ theirs: {}, mixed: {} }));
  const first = await openStore(top);
  for (const name of ['ours/day/1.mp4', 'ours/2.mp4', 'theirs/3.mp4', 'mixed/deep/4.mp4']) {
    await put(first, name, 'four');
  }
  const store = await openStore(top);
  await store.sweep();
  await store.remove('theirs/3.mp4', 4);
  await store.remove('mixed/deep/4.mp4', 4);
  t.strictSame(readdirSync(top).sort(), ['.relay', 'mixed', 'ours', 'theirs']);
  t.strictSame(readdirSync(join(top, 'mixed')), []);
  await store.remove('ours/day/1.mp4', 4);
  t.strictSame(readdirSync(join(top, 'ours')), ['2.mp4']);
  await store.remove('ours/2.mp4', 4);
  t.notOk(existsSync(join(top, 'ours')));
  await store.sweep();
  t.equal(readFileSync(join(top, '.relay/folders'), 'utf8'), '');
  t.equal(await put(store, 'ours/day/5.mp4', 'five'), 'ours/day/5.mp4');
});

t.test('publishing into a folder that is being emptied', async (t) => {
  const top = realpathSync(t.testdir());
  const store = await openStore(top);
  await put(store, 'day/0.mp4', 'four');
  for (let at = 0; at < 20; at++) {
    const file = await written(store, 'four');
    const [name, removed] = await Promise.all([
      store.publish(file, `day/${at + 1}.mp4`),
      store.remove(`day/${at}.mp4`, 4),
    ]);
    t.equal(removed, 'removed');
    t.ok(existsSync(join(top, name)));
  }
});

t.test('temporary files of dead runs are swept, and nothing else', async (t) => {
  const top = realpathSync(t.testdir());
  const store = await openStore(top);
  const tmp = join(top, '.relay/tmp');
  const mine = await written(store, 'being written');
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const reused = mine.name.replace(/^(\d+)-\d+/, '$1-1');
  for (const name of [`${dead}-1-abc.mp4`, reused, 'somebody.mp4']) writeFileSync(join(tmp, name), '');
  await (await openStore(top)).sweep();
  t.strictSame(readdirSync(tmp).sort(), [mine.name, 'somebody.mp4'].sort());
  await mine.discard();
});

t.test('files: all that are regular, by name and size', async (t) => {
  const top = realpathSync(t.testdir({ 'a.txt': 'a' }));
  const store = await openStore(top);
  await put(store, 'lobby/1.mp4', 'four');
  symlinkSync(outside(top), join(top, 'link'));
  const found: string[] = [];
  for await (const { name, size } of store.files()) found.push(`${name} ${size}`);
  t.strictSame(found.sort(), ['a.txt 1', 'lobby/1.mp4 4', 'outside/precious 4']);
});
