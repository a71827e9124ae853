/** relay recordings list, verify and export, as a user runs them. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { printVerifying } from '../../src/commands/recordings-print.ts';
import type { Verified } from '../../src/recordings/verify.ts';
import { clip } from '../e2e/support/clips.ts';
import { until } from '../e2e/support/process.ts';
import { BEGIN, makeRecording } from '../recordings/support.ts';
import { built, relay, startRelay } from '../support/relay.ts';

t.before(built);
const dir = t.testdir();
const at = { cwd: dir, env: { TZ: 'Europe/Berlin' } };

t.before(async () => {
  const { file } = await clip({ seconds: 14, bFrames: 2 });
  const takes = [
    { clip: file, from: 0, to: 6 },
    { clip: file, from: 8, to: 14 },
  ];
  await makeRecording(join(dir, 'rec'), { takes });
  const sinks = `[{ segments: { dir: rec } }, { clips: { dir: clips } }]`;
  writeFileSync(
    join(dir, 'relay.yaml'),
    `sources: { cam: { test: bars } }\nroutes: { cam/left: { from: cam, to: ${sinks} }, other: { from: cam } }\n`,
  );
});

t.test('list', async (t) => {
  const { code, out } = await relay(t, ['recordings', 'list'], at);
  t.equal(code, 0);
  t.match(out, /^cam\/left: segments in \S+rec\n/);
  t.match(
    out,
    /\n2026-11-21T18:08:20.000Z {2}2026-11-21 19:08:20 \+01:00 {2}2\.000 s {2}50 frames .* whole {2}000\.mp4\n/,
  );
  t.match(out, /\n2026-11-21T18:08:26.000Z .* 2\.000 s {2}50 frames .* GAP {4}publisher: unplugged\n/);
  t.match(out, /: 6 segments, 12\.0 s, 300 frames, \S+B, 1 gap of 2\.000 s together\n$/);

  const gaps = await relay(t, ['recordings', 'list', 'cam/left', '--gaps', '--from', String(BEGIN)], at);
  t.notMatch(gaps.out, /000\.mp4/);
  t.match(gaps.out, /unplugged/);

  const json = await relay(
    t,
    ['recordings', 'list', '--dir', 'rec', '--to', String(BEGIN + 3), '--json'],
    at,
  );
  t.match(JSON.parse(json.out), {
    recordings: [
      { route: 'cam/left', segments: [{ seq: 0 }, { seq: 1 }], gaps: [], summary: { frames: 100 } },
    ],
  });
  t.match(await relay(t, ['recordings', 'list', '--clips', '--from', '-10m'], at), {
    code: 0,
    out: /no clip is finished yet/,
  });
  t.match(await relay(t, ['recordings', 'list', '--from', '-1s'], at), { code: 0, out: /nothing is there/ });
  t.match(await relay(t, ['recordings', 'list', 'other'], at), { code: 2, err: /other is not recorded/ });
  t.match(await relay(t, ['recordings', 'list', 'cam/lef'], at), { code: 2, err: /did you mean cam\/left/ });
  const elsewhere = { ...at, cwd: t.testdir({ '.relay': { clips: { cam: {} } }, snapshots: {} }) };
  t.match(await relay(t, ['recordings', 'list', '--dir', '.'], elsewhere), {
    code: 0,
    out: /^cam: clips in /,
  });
  t.match(await relay(t, ['recordings', 'list', '--dir', 'snapshots'], elsewhere), {
    code: 2,
    err: /holds no segments and no clips\n.*snapshots and `file`/,
  });
  t.match(await relay(t, ['recordings', 'list'], elsewhere), { code: 78, err: /--config.*--dir/ });
  t.match(await relay(t, ['recordings', 'list', '--dir', 'clips'], at), {
    code: 2,
    err: /there is no folder clips/,
  });
});

t.test('export', async (t) => {
  const span = ['--from', String(BEGIN + 4.5), '--to', String(BEGIN + 9)];
  const done = await relay(t, ['recordings', 'export', ...span, 'part.mp4'], at);
  t.match(done, { code: 0, out: /^part\.mp4: 62 frames, 4\.480 s, / });
  t.match(
    done.err,
    /nothing from 2026-11-21T18:08:26\.000Z to \S+ \(2\.000 s, 50 frames\): publisher: unplugged/,
  );
  t.match(await relay(t, ['recordings', 'export', 'cam/left', 'part.mp4', ...span], at), {
    code: 1,
    err: /part\.mp4 is there already/,
  });
  const never = ['--from', String(BEGIN - 90), '--to', String(BEGIN - 80)];
  t.match(await relay(t, ['recordings', 'export', 'none.mp4', ...never], at), {
    code: 1,
    err: /nothing was recorded from/,
  });
  t.match(await relay(t, ['recordings', 'export', 'part.mp4'], at), {
    code: 2,
    err: /needs --from/,
  });
  t.match(await relay(t, ['recordings', 'export', 'cam/left', '--from', '-20s'], at), {
    code: 2,
    err: /the file to write is missing behind cam\/left/,
  });
  t.match(await relay(t, ['recordings', 'export', 'part.mkv', '--from', 'now', '--to', '-1s'], at), {
    code: 2,
    err: /must be after --from/,
  });
  t.same(readdirSync(dir).sort(), ['part.mp4', 'rec', 'relay.yaml']);
});

t.test('how far a verify is', async (t) => {
  const done: Verified = {
    ...{ route: 'cam', kind: 'segments', dir: '/rec', files: 30, of: 40, frames: 1, seconds: 120, bytes: 1 },
    ...{ gaps: 0, problems: [], unknown: [], stopped: false },
  };
  t.equal(printVerifying(done, 60), '75.0 %  30 of 40 files  2.0x  ETA 0:20');
  t.equal(printVerifying({ ...done, files: 0, seconds: 0 }, 2), '0.0 %  0 of 40 files  0.0x  ETA -:--');
});

/** Not one of those that only tell which ffmpeg this is. */
function isFfmpeg(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('-xerror');
  } catch {
    return false;
  }
}

t.test('verify', async (t) => {
  t.match(await relay(t, ['recordings', 'verify'], at), {
    code: 0,
    out: /6 files, 300 frames, .*: all well/,
  });
  const run = startRelay(t, ['recordings', 'verify', '--json'], at);
  const children = `/proc/${run.child.pid}/task/${run.child.pid}/children`;
  const decodes = () => readFileSync(children, 'utf8').split(' ').some(isFfmpeg);
  await until(decodes, { what: 'a decoder' });
  run.child.kill('SIGINT');
  t.equal(await run.ended, 130);
  t.match(JSON.parse(run.out()), { recordings: [{ stopped: true, of: 6 }] });
  rmSync(join(dir, 'rec', '004.mp4'));
  t.match(await relay(t, ['recordings', 'verify', '--fast'], at), {
    code: 1,
    out: /\n004\.mp4: the file is gone: expected \d+ bytes, seen no file\n.*: 1 problem\n/,
  });
});
