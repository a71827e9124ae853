/** Does the job; what fails is reported. */
import { messageOf, RelayError } from '../../errors.ts';
import { quietLibav } from '../libav/log.ts';
import { runBench } from './bench.ts';
import type { OfflineJob, OfflineReport } from './job.ts';
import { runTest } from './test.ts';

export async function runOffline(
  job: OfflineJob,
  report: (report: OfflineReport) => void,
  signal: AbortSignal,
): Promise<void> {
  quietLibav((line) => report({ type: 'log', level: 'debug', message: line }));
  try {
    await (job.do === 'test' ? runTest(job, report, signal) : runBench(job, report, signal));
  } catch (error) {
    if (signal.aborted) return;
    const known =
      error instanceof RelayError
        ? error
        : new RelayError('RELAY_UNIT_FAILED', messageOf(error), { hint: '' });
    report({ type: 'failed', code: known.code, message: known.message, hint: known.hint });
  }
}
