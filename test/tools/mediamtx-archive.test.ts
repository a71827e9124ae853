import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import type { RequestListener, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { create } from 'tar';
import { cachedProgram, installMediamtx, parseSums, sumOf } from '../../src/tools/mediamtx.ts';
import { archiveName } from '../../src/tools/mediamtx-archive.ts';
import { fakeMediamtx } from '../fixtures/programs.ts';
import { archive, deaf, heard, release, releaseListener, serve, sumOfBytes } from './support.ts';

/** An empty cache and no Go: only the archive can help. */
function machine(t: Test) {
  const folder = t.testdir({});
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: '' };
  return { folder, env, report: heard(), home: dirname(cachedProgram(env)) };
}

function leftovers(home: string): string[] {
  return existsSync(home) ? readdirSync(home).filter((name) => !name.startsWith('mediamtx')) : [];
}

t.test('right sum: installed, and its sums kept beside it', async (t) => {
  const { folder, env, report, home } = machine(t);
  const bytes = release(folder);
  const base = await serve(t, releaseListener(bytes));
  const installed = await installMediamtx({ env: { ...env, RELAY_MEDIAMTX_URL: base }, report });
  t.match(installed, { path: cachedProgram(env), version: 'v1.20.1', from: 'cache' });
  t.same(parseSums(readFileSync(join(home, 'mediamtx.sha256'), 'utf8')), {
    [archive]: sumOfBytes(bytes),
    mediamtx: await sumOf(installed.path),
  });
  t.same(readdirSync(home).sort(), ['mediamtx', 'mediamtx.sha256'].concat(callLog(home)).sort());
  t.match(report.lines.join('\n'), /of \d+\.\d kB, .*\/s/, 'says how far it is');

  t.test('nothing is fetched again', async (t) => {
    t.match(await installMediamtx({ env, report, from: 'http://127.0.0.1:1' }), { path: installed.path });
  });

  t.test('another sum for the same archive is refused later, unless it is the configured one', async (t) => {
    const changed = release(join(folder, 'changed'));
    const from = await serve(t, releaseListener(changed));
    const again = { env, report, from, force: true };
    await t.rejects(installMediamtx(again), { code: 'RELAY_CHECKSUM', message: /has changed since/ });
    t.equal(await sumOf(installed.path), installed.sum, 'the installed one is untouched');
    t.match(await installMediamtx({ ...again, sha256: sumOfBytes(changed).toUpperCase() }), {
      version: 'v1.20.1',
    });
    t.equal(parseSums(readFileSync(join(home, 'mediamtx.sha256'), 'utf8'))[archive], sumOfBytes(changed));
  });
});

/** The fake program writes its calls beside itself. */
function callLog(home: string): string[] {
  return readdirSync(home).filter((name) => name.endsWith('.calls'));
}

t.test('wrong sum: refused, and nothing is left', async (t) => {
  const { folder, env, report, home } = machine(t);
  const from = await serve(t, releaseListener(release(folder), 'f'.repeat(64)));
  await t.rejects(installMediamtx({ env, report, from }), {
    code: 'RELAY_CHECKSUM',
    message: /expected f{64}/,
  });
  t.same(readdirSync(home), []);
});

t.test('no sum for this archive: refused', async (t) => {
  const { env, report } = machine(t);
  const from = await serve(t, (_request, response) => void response.end('nothing here\n'));
  await t.rejects(installMediamtx({ env, report, from }), {
    code: 'RELAY_CHECKSUM',
    message: /does not list/,
  });
});

t.test('downloads that cannot succeed end with their reason', async (t) => {
  const bytes = release(t.testdir({}));
  const good = releaseListener(bytes);
  const cut = (end: (response: ServerResponse) => void) =>
    ((request, response) => {
      if (request.url?.endsWith('.sha256')) return good(request, response);
      response.writeHead(200, { 'content-length': bytes.length + 100 });
      response.write(bytes.subarray(0, 100), () => end(response));
    }) satisfies RequestListener;
  const cases = {
    'cut off': [
      await serve(
        t,
        cut((response) => response.destroy()),
      ),
      /cut off at 0\.1 kB of \d\.\d kB/,
    ],
    reset: [
      await serve(
        t,
        cut((response) => response.socket?.resetAndDestroy()),
      ),
      /cut off at 0\.1 kB/,
    ],
    'not there': [
      await serve(t, (_request, response) => void response.writeHead(404).end()),
      /HTTP status 404/,
    ],
    offline: ['http://127.0.0.1:1', /ECONNREFUSED/],
    // The connection opens, but no handshake follows: the machine must not wait long.
    deaf: [`https${(await deaf(t)).slice(4)}`, /no connection within 3 s/],
    'not a URL of the web': ['file:///tmp', /file: is not http: or https:/],
    'redirects without end': [
      await serve(t, (_request, response) => void response.writeHead(302, { location: '/x' }).end()),
      /more than 5 redirects/,
    ],
  } as const;
  for (const [name, [from, reason]] of Object.entries(cases)) {
    await t.test(name, async (t) => {
      const { env, report, home } = machine(t);
      const failure = installMediamtx({ env, report, from });
      await t.rejects(failure, { code: 'RELAY_BINARY_MISSING', message: reason });
      await t.rejects(failure, { message: /build from source: no Go toolchain/, hint: /--from/ });
      t.same(readdirSync(home), []);
    });
  }
});

t.test('a user and a password in the address of a mirror work and are not shown', async (t) => {
  const { folder, env, report } = machine(t);
  const good = releaseListener(release(folder));
  const seen: (string | undefined)[] = [];
  const base = await serve(t, (request, response) => {
    seen.push(request.headers.authorization);
    good(request, response);
  });
  const from = base.replace('//', '//me:geheim@');
  await installMediamtx({ env, report, from });
  t.same([...new Set(seen)], [`Basic ${Buffer.from('me:geheim').toString('base64')}`]);
  const failure = installMediamtx({ env, report, from: 'http://me:geheim@127.0.0.1:1', force: true });
  t.notMatch((await failure.catch((error) => error)).message, /geheim/);
  t.notMatch(report.lines.join('\n'), /geheim/);
});

t.test('follows a redirect', async (t) => {
  const { folder, env, report } = machine(t);
  const real = await serve(t, releaseListener(release(folder)));
  const from = await serve(t, (request, response) => {
    response.writeHead(302, { location: `${real}${request.url}` }).end();
  });
  t.match(await installMediamtx({ env, report, from }), { version: 'v1.20.1' });
});

t.test('hostile and broken archives', async (t) => {
  const folder = t.testdir({ evil: 'x', deep: { inner: {} } });
  const pack = (cwd: string, names: string[]) => {
    const file = join(folder, 'hostile.tar.gz');
    create({ gzip: true, file, cwd, sync: true, preservePaths: true }, names);
    return readFileSync(file);
  };
  const inner = join(folder, 'deep', 'inner');
  symlinkSync('/bin/sh', join(inner, 'mediamtx'));
  const cases = {
    'a member outside': [pack(inner, ['../../evil']), /has no file mediamtx/],
    'a link instead of the program': [pack(inner, ['mediamtx']), /has no file mediamtx/],
    'no archive': [Buffer.from('<html>not found</html>'), /can't be unpacked|has no file/],
    'another version': [release(join(folder, 'other'), 'v9.9.9'), /says that it is v9\.9\.9/],
  } as const;
  for (const [name, [bytes, reason]] of Object.entries(cases)) {
    await t.test(name, async (t) => {
      const { env, report, home } = machine(t);
      const from = await serve(t, releaseListener(bytes));
      await t.rejects(installMediamtx({ env, report, from }), { message: reason });
      t.same(leftovers(home), []);
      t.notOk(existsSync(cachedProgram(env)));
    });
  }

  await t.test('members beside the program stay out', async (t) => {
    const { env, report, home } = machine(t);
    fakeMediamtx(join(folder, 'pair', 'inner', 'mediamtx'));
    writeFileSync(join(folder, 'pair', 'evil'), 'x');
    const from = await serve(
      t,
      releaseListener(pack(join(folder, 'pair', 'inner'), ['mediamtx', '../evil'])),
    );
    await installMediamtx({ env, report, from });
    t.same(leftovers(home), []);
    t.notOk(existsSync(join(home, 'evil')));
  });
});

t.test('two installations at once: one fetches, the other waits', async (t) => {
  const { folder, env, report } = machine(t);
  const good = releaseListener(release(folder));
  let fetched = 0;
  const from = await serve(t, (request, response) => {
    if (request.url?.endsWith('.tar.gz')) fetched += 1;
    good(request, response);
  });
  const [one, other] = await Promise.all([
    installMediamtx({ env, report, from }),
    installMediamtx({ env, report: heard(), from }),
  ]);
  t.same(one, other);
  t.equal(fetched, 1);
});

t.test('an abandoned lock is no obstacle', async (t) => {
  const { folder, env, report, home } = machine(t);
  mkdirSync(home, { recursive: true });
  // No process has this number: it is above what Linux hands out.
  writeFileSync(join(home, 'install.lock'), `4194305 ${hostname()}`);
  const from = await serve(t, releaseListener(release(folder)));
  t.match(await installMediamtx({ env, report, from }), { version: 'v1.20.1' });
});

t.test('interrupted: nothing is left', async (t) => {
  const { env, report, home } = machine(t);
  const controller = new AbortController();
  const from = await serve(t, () => controller.abort(new Error('interrupted')));
  await t.rejects(installMediamtx({ env, report, from, signal: controller.signal }), /interrupted/);
  t.same(readdirSync(home), []);
});

t.test('archive names', async (t) => {
  t.equal(archiveName('linux', 'x64'), 'mediamtx_v1.20.1_linux_amd64.tar.gz');
  t.equal(archiveName('linux', 'arm', '6'), 'mediamtx_v1.20.1_linux_armv6.tar.gz');
  t.equal(archiveName('linux', 'arm', '7'), 'mediamtx_v1.20.1_linux_armv7.tar.gz');
  t.equal(archiveName('darwin', 'arm64'), 'mediamtx_v1.20.1_darwin_arm64.tar.gz');
  t.equal(archiveName('win32', 'x64'), 'mediamtx_v1.20.1_windows_amd64.zip');
  t.equal(archiveName('sunos', 'x64'), undefined);
});
