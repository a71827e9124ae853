import { join } from 'node:path';
import t from 'tap';
import { install } from '../../src/tools/install.ts';
import { cachedProgram } from '../../src/tools/mediamtx.ts';
import { fakeFfmpeg, fakeFfprobe, fakeMediamtx, program } from '../fixtures/programs.ts';
import { heard } from './support.ts';

/** A package manager that brings ffmpeg when it is asked to. */
function machine(folder: string, fails = false) {
  const later = join(folder, 'later');
  fakeFfmpeg(later);
  fakeFfprobe(later);
  const bin = join(folder, 'bin');
  const copy = `/bin/cp '${later}/ffmpeg' '${later}/ffprobe' '${bin}'`;
  const manager = program(
    join(bin, 'apt-get'),
    fails
      ? 'echo "E: Unable to locate package ffmpeg" >&2; exit 100'
      : `case "$1" in install) ${copy} ;; esac`,
  );
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: bin };
  return { manager, options: { env, report: heard(), what: 'ffmpeg', bundled: null } as const };
}

t.test('as root the package manager brings what is missing, once', async (t) => {
  const { manager, options } = machine(t.testdir());
  const installed = await install({ ...options, root: true });
  t.match(installed, { ffmpeg: { from: 'PATH', version: '5.1.9' }, ffprobe: { from: 'beside ffmpeg' } });
  t.same(manager.calls(), ['update -q', 'install -y -q --no-install-recommends ffmpeg']);
  t.match(options.report.lines, [/^installing ffmpeg with apt-get$/, /^ffmpeg 5\.1\.9: /]);
  t.same(await install({ ...options, root: true }), installed);
  t.equal(manager.calls().length, 2, 'not asked again');
});

t.test('without root the message has the command to type', async (t) => {
  const { manager, options } = machine(t.testdir());
  await t.rejects(install({ ...options, root: false }), {
    code: 'RELAY_BINARY_MISSING',
    message: /apt-get needs root[\s\S]*ffmpeg-static/,
    hint: /^sudo apt-get update .*&& sudo apt-get install .*ffmpeg$/,
  });
  t.same(manager.calls(), []);
});

t.test('a package manager that fails is quoted', async (t) => {
  const { options } = machine(t.testdir(), true);
  await t.rejects(
    install({ ...options, root: true }),
    /exit code 100\):\s+E: Unable to locate package ffmpeg/,
  );
});

t.test('programs that are there are left alone', async (t) => {
  const folder = t.testdir();
  const bin = join(folder, 'bin');
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: bin };
  const ffmpeg = fakeFfmpeg(bin);
  const ffprobe = fakeFfprobe(bin);
  const mediamtx = fakeMediamtx(cachedProgram(env));
  const report = heard();
  const options = { env, report, what: 'all', bundled: null } as const;
  t.match(await install(options), {
    ffmpeg: { path: ffmpeg.path },
    ffprobe: { path: ffprobe.path },
    mediamtx: { path: mediamtx.path },
  });
  const calls = () => [ffmpeg, ffprobe, mediamtx].map((fake) => fake.calls().length);
  t.same(calls(), [5, 1, 1]);
  await install(options);
  t.same(calls(), [5, 1, 1], 'the second time spawns nothing');
  t.same(report.lines, [], 'and there is nothing to say');
});
