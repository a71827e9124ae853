/** A worker as a process: when it listens, what survives its feed, and how it ends. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import type { HookFigures, WorkerJob, WorkerReport } from '../../src/hooks/job.ts';
import { hookSpec } from '../support/hook-spec.ts';

const program = fileURLToPath(new URL('../fixtures/identity-worker.mjs', import.meta.url));
const run = promisify(execFile);

/** Short enough for the path of a socket. */
function jobIn(dir: string): WorkerJob {
  return {
    version: 1,
    route: 'cam',
    feed: `unix:${join(dir, 'f.sock')}`,
    outputs: [{ url: join(dir, 'out.ts'), format: 'mpegts' }],
    video: { codec: 'h264', gop: 2 },
    dir,
    prefix: [],
    hook: hookSpec({ timeout: 2 }),
  };
}

/** A folder with a short name, in place of the long one of the test. */
function shortDir(t: Test): string {
  const link = `/tmp/rg-${process.pid}-${Math.floor(performance.now())}`;
  symlinkSync(t.testdir({}), link);
  t.teardown(() => rmSync(link, { force: true }));
  return link;
}

function start(t: Test, job: WorkerJob) {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const reports: WorkerReport[] = [];
  const waiting: { test: (report: WorkerReport) => boolean; resolve: (report: WorkerReport) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const report = JSON.parse(line) as WorkerReport;
    reports.push(report);
    for (const { test, resolve } of waiting) if (test(report)) resolve(report);
  });
  child.stdin.write(`${JSON.stringify(job)}\n`);
  return {
    child,
    reports,
    exit: once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
    report: (test: (report: WorkerReport) => boolean) =>
      new Promise<WorkerReport>((resolve) => waiting.push({ test, resolve })),
  };
}

const feed = (job: WorkerJob) =>
  run('ffmpeg', [
    ...['-nostdin', '-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=1'],
    ...[
      '-f',
      'lavfi',
      '-i',
      'sine=440:r=48000:d=1',
      '-c:v',
      'libx264',
      '-tune',
      'zerolatency',
      '-c:a',
      'aac',
    ],
    ...['-f', 'nut', job.feed],
  ]);

t.test('it says that it listens when it does, and listens again after each feed', async (t) => {
  const job = jobIn(shortDir(t));
  const { child, reports, report, exit } = start(t, job);
  await report(({ type }) => type === 'listening');
  t.ok(existsSync(job.feed.slice('unix:'.length)));
  const counted = async (frames: number): Promise<HookFigures> => {
    const found = await report((one) => one.type === 'figures' && one.figures.in >= frames);
    if (found.type !== 'figures') throw new Error('no figures');
    return found.figures;
  };
  const first = counted(25);
  await feed(job);
  await first;
  const second = counted(50);
  await feed(job);
  const { out, outTime, errors } = await second;
  t.same([out, errors], [50, 0]);
  t.ok(outTime >= 1.9, `${outTime} s`);
  t.equal(reports.filter(({ type }) => type === 'listening').length, 1);
  child.stdin.end();
  t.same(await exit, [0, null], 'the end of its input is its end');
});

t.test('SIGTERM ends it within a second, also while nobody connects', async (t) => {
  const { child, report, exit } = start(t, jobIn(shortDir(t)));
  await report(({ type }) => type === 'listening');
  const asked = performance.now();
  child.kill('SIGTERM');
  t.same(await exit, [0, null]);
  t.ok(performance.now() - asked < 1000);
});
