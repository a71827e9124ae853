import { mkdirSync, readdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { identityOf } from '../../src/record/folder.ts';
import { RingFolders } from '../../src/units/ring-folders.ts';

const idOf = (folder: string): string => identityOf(statSync(folder, { bigint: true }));

t.test('what is written goes to the folder that was held, whatever happens to its name', async (t) => {
  const dir = t.testdir({ rec: { ring: {} }, outside: {} });
  const ring = join(dir, 'rec', 'ring');
  const folders = new RingFolders();
  t.equal(folders.pathOf(ring), undefined);
  t.equal(await folders.hold(ring, idOf(ring)), true);
  const held = folders.pathOf(ring)!;
  renameSync(join(dir, 'rec'), join(dir, 'moved'));
  symlinkSync(join(dir, 'outside'), join(dir, 'rec'));
  mkdirSync(join(held, 'cam'), { recursive: true });
  writeFileSync(join(held, 'cam', '1.mp4'), 'x');
  t.same(readdirSync(join(dir, 'outside')), [], 'nothing outside');
  t.same(readdirSync(join(dir, 'moved', 'ring', 'cam')), ['1.mp4']);
  t.equal(folders.pathOf(ring), held);
  await folders.close();
  t.equal(folders.pathOf(ring), undefined);
  t.throws(() => statSync(held));
});

t.test('another folder of the same name is not taken for it, unless that is meant', async (t) => {
  const dir = t.testdir({ ring: {}, other: {} });
  const ring = join(dir, 'ring');
  const folders = new RingFolders();
  t.teardown(() => folders.close());
  const first = idOf(ring);
  await folders.hold(ring, first);
  const held = folders.pathOf(ring);
  renameSync(ring, join(dir, 'gone'));
  renameSync(join(dir, 'other'), ring);
  t.equal(await folders.hold(ring, first), true, 'ours is held');
  t.equal(folders.pathOf(ring), held);
  t.equal(await folders.hold(ring, '1:2'), false);
  t.equal(folders.pathOf(ring), held);
  t.equal(await folders.hold(ring, idOf(ring)), true);
  t.equal(idOf(folders.pathOf(ring)!), idOf(ring));
  t.not(folders.pathOf(ring), held);
  t.ok(statSync(held!).isDirectory(), 'what the server may still use is open');
});

t.test('links and what is not there', async (t) => {
  const dir = t.testdir({ outside: {} });
  symlinkSync(join(dir, 'outside'), join(dir, 'link'));
  const folders = new RingFolders();
  t.teardown(() => folders.close());
  t.equal(await folders.hold(join(dir, 'link'), idOf(join(dir, 'outside'))), false);
  t.equal(await folders.hold(join(dir, 'none'), '1:2'), false);
});
