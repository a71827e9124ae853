import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import t from 'tap';
import { cachedProgram, findMediamtx, mediamtxVersion, parseSums, sumOf } from '../../src/tools/mediamtx.ts';
import { fakeMediamtx } from '../fixtures/programs.ts';

t.test('looks in the order configured, MEDIAMTX_PATH, PATH, cache', async (t) => {
  const folder = t.testdir();
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: join(folder, 'path') };
  const configured = fakeMediamtx(join(folder, 'configured')).path;
  const variable = fakeMediamtx(join(folder, 'variable')).path;
  const withVariable = { ...env, MEDIAMTX_PATH: variable };

  await t.rejects(findMediamtx({ env }), { code: 'RELAY_BINARY_MISSING', hint: 'relay install mediamtx' });
  const cached = fakeMediamtx(cachedProgram(env));
  t.match(await findMediamtx({ env }), { path: cached.path, from: 'cache', version: mediamtxVersion });
  const path = fakeMediamtx(join(folder, 'path', 'mediamtx')).path;
  t.match(await findMediamtx({ env }), { path, from: 'PATH', sum: await sumOf(path) });
  t.match(await findMediamtx({ env: withVariable }), { path: variable, from: 'MEDIAMTX_PATH', warnings: [] });
  t.match(await findMediamtx({ env: withVariable, configured }), { path: configured, from: 'configured' });

  await findMediamtx({ env: { ...env, PATH: '' } });
  t.equal(cached.calls().length, 1, 'asked for its version only once');
});

t.test('another version: taken with a warning where it was named, passed over on PATH', async (t) => {
  const folder = t.testdir();
  const old = fakeMediamtx(join(folder, 'old', 'mediamtx'), 'v1.9.0').path;
  const right = fakeMediamtx(join(folder, 'right', 'mediamtx')).path;
  const env = {
    XDG_CACHE_HOME: join(folder, 'cache'),
    PATH: [dirname(old), dirname(right)].join(delimiter),
  };
  t.match(await findMediamtx({ env }), { path: right, warnings: [] });
  const named = await findMediamtx({ env, configured: old });
  t.match(named, { path: old, version: 'v1.9.0', warnings: [/is v1\.9\.0; .* made for v1\.20\.1/] });
  const impostor = fakeMediamtx(join(folder, 'impostor'), 'usage: impostor').path;
  t.match(await findMediamtx({ env, configured: impostor }), {
    path: right,
    warnings: [/does not answer --version/],
  });
});

t.test('a program in the cache that is not the one installed is refused', async (t) => {
  const folder = t.testdir();
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: '' };
  const { path } = fakeMediamtx(cachedProgram(env));
  mkdirSync(dirname(path), { recursive: true });
  const sums = join(dirname(path), 'mediamtx.sha256');
  writeFileSync(sums, `${await sumOf(path)}  mediamtx\n`);
  t.match(await findMediamtx({ env }), { path });
  writeFileSync(path, `${readFileSync(path, 'utf8')}# changed\n`);
  await t.rejects(findMediamtx({ env }), /its SHA-256 is not the one in .*mediamtx\.sha256/);
});

t.test('lines of sha256sum', async (t) => {
  const a = 'A'.repeat(64);
  const b = 'b'.repeat(64);
  t.same(parseSums(`${a} *one.tar.gz\r\n${b}  two.zip\nnot a sum\n`), {
    'one.tar.gz': a.toLowerCase(),
    'two.zip': b,
  });
});
