import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import t from 'tap';
import { findFfmpeg, findFfprobe, lacking } from '../../src/tools/ffmpeg.ts';
import { fakeFfmpeg, fakeFfprobe, program } from '../fixtures/programs.ts';

const bundled = null;

t.test('looks in the order configured, FFMPEG_PATH, ffmpeg-static, PATH', async (t) => {
  const folder = t.testdir();
  const at = (name: string) => fakeFfmpeg(join(folder, name)).path;
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: join(folder, 'path') };
  const places = {
    configured: at('configured'),
    FFMPEG_PATH: at('variable'),
    static: at('static'),
    PATH: at('path'),
  };

  const all = { env: { ...env, FFMPEG_PATH: places.FFMPEG_PATH }, bundled: places.static };
  t.match(await findFfmpeg({ ...all, configured: places.configured }), {
    from: 'configured',
    path: places.configured,
  });
  t.match(await findFfmpeg(all), { from: 'FFMPEG_PATH', path: places.FFMPEG_PATH });
  t.match(await findFfmpeg({ env, bundled: places.static }), { from: 'ffmpeg-static', path: places.static });
  t.match(await findFfmpeg({ env, bundled }), { from: 'PATH', path: places.PATH });
});

t.test('knows what it can do, and asks only once', async (t) => {
  const folder = t.testdir();
  const fake = fakeFfmpeg(join(folder, 'bin'));
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: join(folder, 'bin') };
  const { tools, version, warnings } = await findFfmpeg({ env, bundled });
  t.equal(version, '5.1.9');
  t.same(warnings, []);
  t.same(tools.ffmpeg, {
    version: '5.1.9',
    encoders: ['libx264', 'aac', 'libopus'],
    protocols: ['rtmp', 'srt'],
    devices: ['alsa', 'video4linux2', 'v4l2', 'x11grab'],
    filters: ['drawtext', 'scale'],
  });
  t.same(lacking(tools), []);
  t.equal(fake.calls().length, 5);

  const start = performance.now();
  t.same((await findFfmpeg({ env, bundled })).tools, tools);
  const took = performance.now() - start;
  t.equal(fake.calls().length, 5, 'no process the second time');
  t.ok(took < 500, `the second time takes ${took.toFixed(1)} ms`);
});

t.test('passes over what is unfit, and warns when it was named', async (t) => {
  const folder = t.testdir();
  const old = fakeFfmpeg(join(folder, 'old'), { version: 'ffmpeg version 4.2.7-0ubuntu0.1 Copyright' });
  const poor = fakeFfmpeg(join(folder, 'poor'), { encoders: ['aac'] });
  const good = fakeFfmpeg(join(folder, 'good'));
  const env = {
    XDG_CACHE_HOME: join(folder, 'cache'),
    FFMPEG_PATH: poor.path,
    PATH: [join(folder, 'old'), join(folder, 'good')].join(delimiter),
  };
  const found = await findFfmpeg({ env, configured: old.path, bundled: join(folder, 'never-downloaded') });
  t.equal(found.path, good.path);
  t.same(found.warnings, [
    `passed over configured: ${old.path}: version 4.2.7 is too old: 5.1 or newer is needed`,
    `passed over FFMPEG_PATH: ${poor.path}: version 5.1.9 lacks the encoder libx264`,
  ]);
});

t.test('when none is fit, each candidate is listed with its reason', async (t) => {
  const folder = t.testdir({ 'not-executable': '' });
  program(join(folder, 'bin', 'ffmpeg'), 'echo "error while loading shared libraries" >&2; exit 127');
  mkdirSync(join(folder, 'folder'));
  const env = {
    XDG_CACHE_HOME: join(folder, 'cache'),
    PATH: join(folder, 'bin'),
    FFMPEG_PATH: join(folder, 'not-executable'),
  };
  const failure = findFfmpeg({ env, configured: join(folder, 'folder'), bundled });
  await t.rejects(failure, { code: 'RELAY_BINARY_MISSING' });
  const { message, hint } = await failure.catch((error) => error);
  const lines = message.split('\n').map((line: string) => line.trim());
  t.match(lines[1], /^configured: .*folder: not a file$/);
  t.match(lines[2], /^FFMPEG_PATH: .*not-executable: not executable$/);
  t.match(lines[3], /^ffmpeg-static: /);
  t.match(lines[4], /^PATH: .*ffmpeg: -\w+ failed \(exit code 127\): error while loading shared libraries$/);
  t.ok(hint);
});

t.test('reads the version of every kind of build', async (t) => {
  const folder = t.testdir();
  const builds = {
    'ffmpeg version n7.1 Copyright': '7.1',
    'ffmpeg version 6.1.1-essentials_build-www.example Copyright': '6.1.1',
    'ffmpeg version N-109421-g9adf02247c Copyright': '5.1',
    'ffmpeg version 2024-01-01-git-e1c1dc8347-full_build': '5.1',
  };
  for (const [index, [line, version]] of Object.entries(builds).entries()) {
    const { path } = fakeFfmpeg(join(folder, `${index}`), { version: line });
    const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: '' };
    t.equal((await findFfmpeg({ env, configured: path, bundled })).version, version, line);
  }
  const impostor = program(join(folder, 'impostor'), 'echo hello');
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: '' };
  await t.rejects(findFfmpeg({ env, configured: impostor.path, bundled }), /does not answer -version/);
});

t.test('a damaged memory is ignored', async (t) => {
  const folder = t.testdir({ cache: { 'relay-gateway': { programs: 'a file where a folder should be' } } });
  fakeFfmpeg(join(folder, 'bin'));
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: join(folder, 'bin') };
  t.match(await findFfmpeg({ env, bundled }), { version: '5.1.9' });
});

t.test('ffprobe: configured, FFPROBE_PATH, beside ffmpeg, PATH', async (t) => {
  const folder = t.testdir();
  const at = (name: string, version?: string) => fakeFfprobe(join(folder, name), version).path;
  const env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: join(folder, 'path') };
  const configured = at('configured');
  const variable = at('variable');
  const beside = at('beside');
  const path = at('path');
  const ffmpeg = join(folder, 'beside', 'ffmpeg');
  const withVariable = { ...env, FFPROBE_PATH: variable };
  t.match(await findFfprobe({ env: withVariable, configured, ffmpeg }), {
    path: configured,
    version: '5.1.9',
  });
  t.match(await findFfprobe({ env: withVariable, ffmpeg }), { path: variable, from: 'FFPROBE_PATH' });
  t.match(await findFfprobe({ env, ffmpeg }), { path: beside, from: 'beside ffmpeg' });
  t.match(await findFfprobe({ env, ffmpeg: '/nowhere/ffmpeg' }), { path, from: 'PATH' });

  writeFileSync(beside, '');
  at('path', '3.4');
  await t.rejects(findFfprobe({ env, ffmpeg }), /beside ffmpeg: [\s\S]*version 3\.4 is too old/);
});
