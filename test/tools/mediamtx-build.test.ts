import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { cachedProgram, installMediamtx } from '../../src/tools/mediamtx.ts';
import { program } from '../fixtures/programs.ts';
import { heard } from './support.ts';

const sum = 'h1:nY/EAViwn1zN9krUOTCsuU7v+cAdJ62jdrcc8pI9grI=';

interface FakeGo {
  version?: string;
  sum?: string;
  build?: string;
}

/** A machine where no release can be reached, with a Go and an npm that only write down what they are asked. */
function machine(t: Test, go: FakeGo = {}) {
  const folder = t.testdir({
    module: {
      internal: {
        core: { 'core.go': '' },
        servers: { hls: { hlsjsdownloader: { VERSION: 'v1.7.0\n' } } },
      },
    },
    bin: {},
  });
  const answer = JSON.stringify({ Dir: join(folder, 'module'), Sum: go.sum ?? sum });
  const fakes = {
    go: program(
      join(folder, 'bin', 'go'),
      `case "$1" in
  version) echo 'go version ${go.version ?? 'go1.26.8'} linux/amd64' ;;
  mod) echo "$CGO_ENABLED $GOTOOLCHAIN $GOWORK [$GOOS]" >> '${join(folder, 'environment')}'; echo '${answer}' ;;
  build) ${go.build ?? 'exit 0'} ;;
esac`,
    ),
    npm: program(join(folder, 'bin', 'npm'), 'echo "no such package" >&2; exit 1'),
  };
  const env = {
    XDG_CACHE_HOME: join(folder, 'cache'),
    PATH: join(folder, 'bin'),
    RELAY_MEDIAMTX_URL: 'http://127.0.0.1:1',
    GOOS: 'plan9',
  };
  return { folder, env, report: heard(), home: dirname(cachedProgram(env)), ...fakes };
}

t.test('asks Go for the module, and npm for the player that the module names', async (t) => {
  const { folder, env, report, go, npm, home } = machine(t);
  const failure = installMediamtx({ env, report });
  await t.rejects(failure, {
    code: 'RELAY_BINARY_MISSING',
    message:
      /ECONNREFUSED[\s\S]*build from source: npm pack hls\.js@1\.7\.0 failed \(exit code 1\):\s+no such package/,
  });
  t.same(go.calls(), ['version', 'mod download -json github.com/bluenviron/mediamtx@v1.20.1']);
  t.match(npm.calls(), [/^pack hls\.js@1\.7\.0 --pack-destination \S+ --silent --ignore-scripts$/]);
  t.equal(readFileSync(join(folder, 'environment'), 'utf8'), '0 local off []\n');
  t.same(readdirSync(home), []);
});

t.test('another sum of the module ends it', async (t) => {
  const { env, report, home } = machine(t, { sum: 'h1:other' });
  await t.rejects(installMediamtx({ env, report }), { code: 'RELAY_CHECKSUM', message: /h1:other/ });
  t.same(readdirSync(home), []);
});

t.test('an old Go is refused before anything is fetched', async (t) => {
  const { env, report, go } = machine(t, { version: 'go1.22.1' });
  await t.rejects(installMediamtx({ env, report }), {
    message: /too old \(go version go1\.22\.1.*1\.26 or newer/,
  });
  t.same(go.calls(), ['version']);
});

t.test('Ctrl-C ends the children and leaves nothing', async (t) => {
  const { folder, env, report, home } = machine(t);
  const pid = join(folder, 'pid');
  program(join(folder, 'bin', 'npm'), `echo $$ > '${pid}'\nwhile :; do /bin/sleep 1; done`);
  const controller = new AbortController();
  const failure = installMediamtx({ env, report, signal: controller.signal });
  failure.catch(() => {});
  while (!existsSync(pid) || readFileSync(pid, 'utf8') === '')
    await new Promise((done) => setTimeout(done, 10));
  controller.abort(new Error('interrupted'));
  await t.rejects(failure, /interrupted/);
  t.throws(() => process.kill(Number(readFileSync(pid, 'utf8')), 0), { code: 'ESRCH' });
  t.same(readdirSync(home), []);
});
