/** `relay hook` with libav, hooks in processes of their own, and files that a player can read. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { makeClip } from '../support/clips.ts';
import { built, relay, startRelay } from '../support/relay.ts';
import { ffmpegPath, ffprobePath } from './support/binaries.ts';

const run = promisify(execFile);

t.before(built);
const dir = t.testdir({});
const at = { cwd: dir };
const clip = 'h264-aac.mp4';
const paint = (from: number, value: number): string =>
  `export default { process({ sequence, planes }) {
    if (sequence >= ${from}) planes[0].data.fill(${value}, 0, 100);
    if (sequence === 7) return { drop: true };
    if (sequence % 10 === 0) return { event: 'tenth', data: { sequence } };
  } };\n`;

async function probe(file: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await run(ffprobePath(), ['-v', 'error', '-of', 'csv=p=0', ...args, file], at);
  return stdout.trim().split(/\s*\n+/);
}

const soundOf = (file: string) =>
  run(ffmpegPath(), ['-v', 'error', '-i', file, '-map', '0:a', '-c', 'copy', '-f', 'md5', '-'], at);

const leftOvers = (): string[] => readdirSync(dir).filter((name) => name.includes('.part.'));

t.test('test: every frame at its time, the sound untouched', async (t) => {
  await makeClip(dir, clip);
  const { code, out } = await relay(t, ['hook', 'test', 'relay:gray', clip], at);
  t.equal(code, 0);
  t.match(
    out,
    /^frames {2}50 in, 50 out, 0 dropped; the hook answered for 50 .*\nresult {2}h264-aac\.hooked\.mp4\n$/,
  );
  const result = 'h264-aac.hooked.mp4';
  const times = (file: string) => probe(file, '-select_streams', 'v', '-show_entries', 'frame=pts_time');
  t.same(await times(result), await times(clip));
  t.equal((await soundOf(result)).stdout, (await soundOf(clip)).stdout);
  const { stdout } = await run(
    ffmpegPath(),
    ['-v', 'error', '-i', result, '-vf', 'extractplanes=u', '-frames:v', '1', '-f', 'rawvideo', '-'],
    { ...at, encoding: 'buffer' },
  );
  t.ok(
    stdout.every((value) => Math.abs(value - 128) <= 3),
    'gray',
  );
  t.same(leftOvers(), []);
});

t.test('test: nobody’s file is overwritten but our own', async (t) => {
  t.equal((await relay(t, ['hook', 'test', 'relay:gray', clip], at)).code, 0, 'our own');
  writeFileSync(join(dir, 'precious.mp4'), 'precious');
  const args = ['hook', 'test', 'relay:gray', clip, '-o'];
  t.match(await relay(t, [...args, 'precious.mp4'], at), { code: 2, err: /precious\.mp4 exists/ });
  t.equal(readFileSync(join(dir, 'precious.mp4'), 'utf8'), 'precious');
  t.match(await relay(t, [...args, clip, '--force'], at), { code: 2, err: /is the clip itself/ });
  t.match(await relay(t, [...args, 'x.avi'], at), { code: 2, err: /must end in \.mp4 or \.mkv/ });
  t.equal((await relay(t, [...args, 'precious.mp4', '--force'], at)).code, 0);
  t.equal((await probe('precious.mp4', '-show_entries', 'stream=codec_name')).length, 2);
});

t.test('golden: kept, found again, and a change is named', async (t) => {
  const hook = join(dir, 'paint.js');
  const args = ['hook', 'test', hook, clip, '--golden', 'golden', '--no-output'];
  writeFileSync(hook, paint(0, 16));
  t.match(await relay(t, args, at), { code: 2, err: /golden holds no golden run.*\n.*--update writes one/ });
  const update = await relay(t, [...args, '--update'], at);
  t.match(update, {
    code: 0,
    out: /49 out, 1 dropped[\s\S]*events {2}5 tenth\ngolden {2}50 frames written to golden/,
  });
  const pictures = readdirSync(join(dir, 'golden')).filter((name) => name.endsWith('.png'));
  t.ok(pictures.length > 0 && pictures.length <= 5, pictures.join(' '));
  for (const name of pictures) t.ok(statSync(join(dir, 'golden', name)).size <= 200_000, name);
  const lines = readFileSync(join(dir, 'golden', 'frames.jsonl'), 'utf8')
    .trim()
    .split('\n');
  t.equal(lines.length, 50);
  t.match(JSON.parse(lines[10]!), {
    sequence: 10,
    pts: 36_000,
    size: [160, 90],
    events: [{ name: 'tenth' }],
  });

  t.match(await relay(t, args, at), { code: 0, out: /all 50 frames are as in golden/ }, 'the same each time');

  writeFileSync(hook, paint(0, 16).replace('>= 0', '!== 33'));
  const changed = await relay(t, args, at);
  t.match(changed, {
    code: 1,
    out: /1 of 50 frames differ.*\n +frame 33 \(1\.320 s\): the picture differs\n/,
  });
  t.ok(existsSync(join(dir, 'golden', 'actual-33.png')));
  const { stdout } = await run(ffprobePath(), [
    ...['-v', 'error', '-of', 'csv=p=0', '-show_entries', 'stream=codec_name,width,height'],
    join(dir, 'golden', 'actual-33.png'),
  ]);
  t.equal(stdout.trim(), 'png,160,90');

  writeFileSync(hook, paint(0, 16).replace('=== 7', '=== 8').replace('tenth', 'other'));
  const more = await relay(t, [...args, '--json'], at);
  t.equal(more.code, 1);
  t.match(JSON.parse(more.out).golden, {
    differing: 7,
    first: [
      { sequence: 0, what: [/^events other .* instead of tenth/] },
      { sequence: 7, time: 0.28, what: ['the frame is no longer dropped'] },
      { sequence: 8, time: 0.32, what: ['the frame is dropped'] },
    ],
  });
  t.notOk(existsSync(join(dir, 'golden', 'actual-33.png')), 'of an earlier run');
});

t.test('the clock of a clip is the clip’s: a stamp is the same each time', async (t) => {
  const args = ['hook', 'test', 'relay:stamp', clip, '--mode', 'overlay', '--golden', 'stamp', '--no-output'];
  t.equal((await relay(t, [...args, '--update'], at)).code, 0);
  t.match(await relay(t, args, at), { code: 0, out: /all 50 frames are as in stamp/ });
});

t.test('a hook that fails: exit 1, the first error with its frame and time', async (t) => {
  const hook = join(dir, 'fails.js');
  const failing = (from: number, to: number, how: string) =>
    writeFileSync(
      hook,
      `export default { process({ sequence }) { if (sequence >= ${from} && sequence <= ${to}) ${how} } };\n`,
    );
  const args = ['hook', 'test', hook, clip, '--golden', 'failing', '--update', '--no-output'];
  failing(12, 19, "throw new Error('on purpose');");
  const thrown = await relay(t, args, at);
  t.match(thrown, { code: 1, out: /errors {2}8, the first on frame 12 \(0\.480 s\): on purpose/ });
  t.match(thrown.out, /answered for 42 /, 'every frame is shown, whatever happened before');
  t.match(thrown.err, /the golden run was not written/);
  t.notOk(existsSync(join(dir, 'failing')));
  failing(12, 12, 'process.exit(3);');
  t.match(await relay(t, args, at), { code: 1, out: /frame 12 \(0\.480 s\): .*exit code 3/ });
  failing(12, 12, 'for (;;);');
  const hung = await relay(t, [...args, '--timeout', '200ms'], at);
  t.match(hung, { code: 1, out: /frame 12 \(0\.480 s\): no answer within 0\.2 s/ });

  writeFileSync(join(dir, 'no-hook.js'), 'export default { prozess() {} };\n');
  const refused = await relay(t, ['hook', 'test', './no-hook.js', clip, '-o', 'none.mp4'], at);
  t.match(refused, { code: 1, out: '', err: /the hook doesn't start: .*no function "process"/ });
  t.notOk(existsSync(join(dir, 'none.mp4')));
});

t.test('a clip that is none: exit 1', async (t) => {
  writeFileSync(join(dir, 'text.mp4'), 'text');
  t.match(await relay(t, ['hook', 'test', 'relay:gray', 'text.mp4'], at), {
    code: 1,
    err: /text\.mp4 can't be read/,
  });
});

t.test('Ctrl-C: exit 130, nothing half written, nobody left', async (t) => {
  const slow = join(dir, 'slow.js');
  writeFileSync(
    slow,
    `console.log('pid', process.pid);
    export default { process: () => new Promise((resolve) => setTimeout(resolve, 900)) };\n`,
  );
  const running = startRelay(t, ['hook', 'test', slow, clip, '-o', 'cut.mp4'], at);
  await running.until(/pid \d+/);
  const pid = Number(/pid (\d+)/.exec(running.err())?.[1]);
  running.child.kill('SIGINT');
  t.equal(await running.ended, 130);
  t.match(running.err(), /stopped: nothing was written/);
  t.notOk(existsSync(join(dir, 'cut.mp4')));
  t.same(leftOvers(), []);
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'the hook is gone');
});

t.test('bench: what each step costs', async (t) => {
  const args = ['hook', 'bench', 'relay:gray', clip, '--frames', '60', '--format', 'gray8'];
  const { code, out } = await relay(t, args, at);
  t.equal(code, 0);
  t.match(out, /^60 frames of 160x90, the hook sees gray8 160x90\n/);
  for (const phase of ['decode', 'convert', 'hook', 'encode']) {
    t.match(out, new RegExp(`^${phase} +\\d+\\.\\d\\d +\\d+\\.\\d\\d +\\d+\\.\\d\\d +\\d+ %$`, 'm'));
  }
  t.match(out, /frames a second: .*a stream of 25 fps/);
  const json = JSON.parse((await relay(t, [...args, '--json'], at)).out);
  t.match(json, { frames: 60, errors: 0, clipRate: 25, width: 160, height: 90 });
  t.ok(json.phases.hook.p50 > 0 && json.phases.hook.p50 <= json.phases.hook.p99);
  t.ok(json.rss.worker > 10 && json.rss.hook > 10, JSON.stringify(json.rss));
});
