/** A worker as a process: from its first line of input to its exit. */

import { listen, reporter } from '../children/control.ts';
import { messageOf } from '../errors.ts';
import type { WorkerCommand, WorkerJob, WorkerReport } from './job.ts';
import type { RunningWorker, WorkerParts } from './run.ts';

export type PartsOf = (job: WorkerJob, report: (report: WorkerReport) => void) => Omit<WorkerParts, 'report'>;

/** EX_UNAVAILABLE: what it needs is not installed. */
const MISSING = 69;
/** In milliseconds: to end in good order; whoever takes longer is ended. */
const GRACE = 900;

export function serve(partsOf: PartsOf): void {
  const report = reporter<WorkerReport>(process.stdout);
  let worker: Promise<RunningWorker | undefined> | undefined;
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    // A call into libav that hangs would keep exit() waiting for its thread.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE + 200);
    const late = new Promise((resolve) => setTimeout(resolve, GRACE));
    const done = worker?.then((running) => running?.stop());
    void Promise.race([done, late]).then(() => process.stdout.write('', () => process.exit()));
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  listen<WorkerJob, WorkerCommand>(process.stdin, {
    job(job) {
      worker = start(job, (job_) => ({ ...partsOf(job_, report), report })).catch((error: unknown) => {
        process.stderr.write(`${messageOf(error)}\n`);
        process.exitCode = MISSING;
        end();
        return undefined;
      });
    },
    command: ({ type }) => {
      if (type === 'reload') void worker?.then((running) => running?.reload());
    },
    end,
  });
}

async function start(job: WorkerJob, partsOf: (job: WorkerJob) => WorkerParts): Promise<RunningWorker> {
  const { startWorker } = await import('./run.ts').catch((error: unknown) => {
    const missing = error instanceof Error && /node-av/.test(error.message);
    throw missing ? new Error('hooks need node-av: npm install node-av@6.1.1') : error;
  });
  return startWorker(job, partsOf(job));
}
