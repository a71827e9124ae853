/** The process that tries a hook over a clip: started, heard, and ended with all that it has started. */
import { rmSync } from 'node:fs';
import { entryOf } from '../children/entry.ts';
import { workerEnv } from '../children/env.ts';
import { byLine } from '../children/lines.ts';
import { RelayError } from '../errors.ts';
import type { BenchWork, OfflineJob, OfflineReport, TestWork } from '../hooks/offline/job.ts';
import { createReport } from '../tools/report.ts';
import { Child, GENTLE } from '../units/process.ts';
import { createTether } from '../units/tether.ts';
import { createWorkerDir, removeWorkerDir } from '../units/worker-dir.ts';
import type { ChosenHook } from './hook-args.ts';
import { progressLine } from './hook-print.ts';
import type { Io } from './io.ts';

type Result = Extract<OfflineReport, { type: 'test' | 'bench' }>;

/** Until then the terminal stays quiet. */
const QUIET_MS = 2000;

/** @returns undefined when a signal has ended it; @throws RelayError */
export async function tryHook(
  chosen: ChosenHook,
  work: TestWork | BenchWork,
  io: Io,
): Promise<Result | undefined> {
  const tether = createTether();
  const dir = createWorkerDir();
  const talk = createReport(process.stderr);
  const began = performance.now();
  let result: Result | undefined;
  let failed: RelayError | undefined;
  let partial: string | undefined;
  let stopped = false;
  const hear = (report: OfflineReport): void => {
    if (report.type === 'test' || report.type === 'bench') result = report;
    else if (report.type === 'failed')
      failed = new RelayError(report.code, report.message, { hint: report.hint });
    else if (report.type === 'writing') partial = report.file;
    else if (report.type === 'log' && report.level !== 'debug')
      talk.say(io.redact.redactText(`  ${report.message}`));
    else if (report.type === 'progress') {
      const elapsed = performance.now() - began;
      if (elapsed > QUIET_MS) talk.progress(progressLine(report, elapsed / 1000));
    }
  };
  const child = new Child(process.execPath, [entryOf('hooks/offline')], {
    tether,
    env: workerEnv(io.env),
    input: true,
    onStdout: byLine((line) => hear(JSON.parse(line) as OfflineReport)),
  });
  const onStop = (): void => {
    if (stopped) process.exit(130);
    stopped = true;
    void child.end(GENTLE);
  };
  process.on('SIGINT', onStop).on('SIGTERM', onStop);
  try {
    const { clip, name, route, spec } = chosen;
    const job: OfflineJob = {
      version: 1,
      ...work,
      clip,
      name,
      route,
      hook: spec,
      dir,
      prefix: [...tether.prefix],
    };
    child.write(`${JSON.stringify(job)}\n`);
    const { code, signal, error } = await child.exited;
    if (stopped) {
      talk.say('stopped: nothing was written');
      return undefined;
    }
    if (failed) throw failed;
    if (result) return result;
    const how = error?.message ?? (signal ? `it was killed by ${signal}` : `it ended with exit code ${code}`);
    const words = child.stderr().map((line) => `\n       ${line}`);
    throw new RelayError(
      'RELAY_UNIT_FAILED',
      `the process that decodes and encodes: ${how}${words.join('')}`,
      {
        hint: 'relay probe <clip> shows whether the clip is whole',
      },
    );
  } finally {
    talk.end();
    process.off('SIGINT', onStop).off('SIGTERM', onStop);
    if (partial !== undefined) rmSync(partial, { force: true });
    removeWorkerDir(dir);
    tether.close();
  }
}
