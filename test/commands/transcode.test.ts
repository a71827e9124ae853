/** `relay transcode` as a person types it: what is wrong is said before anything is written, and a stop leaves nothing. */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { built, relay, startRelay } from '../support/relay.ts';

const dir = t.testdir({ 'text.mp4': 'no film' });
const at = { cwd: dir };

t.before(async () => {
  await built();
  const inputs = ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=25', '-f', 'lavfi', '-i', 'sine'];
  const codecs = ['-c:v', 'mpeg4', '-vtag', 'XVID', '-bf', '2', '-c:a', 'ac3'];
  await promisify(execFile)('ffmpeg', [
    '-v',
    'error',
    ...inputs,
    '-t',
    '10.8',
    ...codecs,
    join(dir, '-film.avi'),
  ]);
});

t.test('an XVID film becomes H.264, and the last line says what came of it', async (t) => {
  const { code, out, err } = await relay(
    t,
    ['transcode', './-film.avi', 'film.mp4', '--preset', 'ultrafast'],
    at,
  );
  t.equal(code, 0, err);
  t.match(out, /^film\.mp4: 270 frames, [\d.]+[kM]B, 10\.\d s in [\d.]+ s, [\d.]+x\n$/);
  t.match(err, /^\.\/-film\.avi → film\.mp4: H\.264 \(libx264\), ac3 copied\n/);
});

t.test('what is wrong is said, and nothing is written', async (t) => {
  const before = readdirSync(dir);
  const film = './-film.avi';
  const cases: [string[], number, RegExp][] = [
    [[film, 'film.mp4'], 1, /film\.mp4 is there already\n.*--force/],
    [[film, film], 2, /is the input itself/],
    [['none.avi', 'x.mp4'], 2, /there is no file none\.avi/],
    [['text.mp4', 'x.mp4'], 1, /text\.mp4: /],
    [[film, 'none/x.mp4'], 2, /there is no folder .*none/],
    [[film, 'x.gif'], 2, /must end in \.mp4/],
    [[film, 'x.webm'], 2, /webm files take no H\.264/],
    [[film, 'x.mp4', '--video', 'h265'], 2, /"h264", "hevc"/],
    [[film, 'x.mp4', '--size', '1x1'], 2, /--size: expected a size/],
    [[film, 'x.mp4', '--video', 'copy', '--crf', '3'], 2, /--quality needs an encoder/],
    [[film, 'x.mp4', '--start', '99s'], 2, /ends after 10\.\d s, before --start/],
  ];
  for (const [args, exit, message] of cases) {
    const { code, out, err } = await relay(t, ['transcode', ...args], at);
    t.equal(code, exit, args.join(' '));
    t.match(err, message);
    t.notMatch(err, /\n {4}at /, 'no stack');
    t.equal(out, '');
  }
  t.same(readdirSync(dir), before);
});

t.test('an encoder that this ffmpeg lacks', async (t) => {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  const fake = join(bin, 'ffmpeg');
  writeFileSync(fake, '#!/bin/sh\nffmpeg "$@" | grep -v "libsvtav1\\|libaom-av1\\|libvpx-vp9"\n');
  chmodSync(fake, 0o755);
  const env = { FFMPEG_PATH: fake, XDG_CACHE_HOME: join(dir, 'cache') };
  const { code, err } = await relay(t, ['transcode', './-film.avi', 'x.mkv', '--video', 'av1'], {
    ...at,
    env,
  });
  t.equal(code, 69);
  t.match(err, /can't encode av1: it lacks libsvtav1 and libaom-av1\n.*it has h264.*--video h264/);
  t.notOk(existsSync(join(dir, 'x.mkv')));
});

t.test('SIGINT and SIGTERM: nothing stays', async (t) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const args = ['transcode', './-film.avi', 'long.mp4', '--size', '1920x1080', '--preset', 'veryslow'];
    const run = startRelay(t, args, at);
    await run.until(/→ long\.mp4/);
    while (!readdirSync(dir).some((name) => name.startsWith('long.mp4.partial-')))
      await new Promise(setImmediate);
    run.child.kill(signal);
    t.equal(await run.ended, 130);
    t.match(run.err(), /stopped: nothing was written\n$/);
    t.same(
      readdirSync(dir).filter((name) => name.startsWith('long')),
      [],
    );
  }
});

t.test('help teaches', async (t) => {
  const { out } = await relay(t, ['transcode', '--help']);
  t.match(out, /relay transcode <in> <out>[\s\S]*--video[\s\S]*--force[\s\S]*Examples:[\s\S]*Exit codes:/);
});
