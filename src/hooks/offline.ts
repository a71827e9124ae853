/**
 * Tries a hook over a clip: libav in a process of its own, as for a live route. Started by `relay hook` with its job
 * on standard input, whose end means: nobody wants the result any more.
 */
import { listen, reporter } from '../children/control.ts';
import type { OfflineJob, OfflineReport } from './offline/job.ts';

/** Milliseconds to end the hook and to remove what is half written. */
const GRACE = 2500;

const report = reporter<OfflineReport>(process.stdout);
const stop = new AbortController();

function end(): void {
  if (stop.signal.aborted) return;
  stop.abort(new Error('stopped'));
  // A call into libav that hangs would keep exit() waiting for its thread.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE).unref();
}

async function run(job: OfflineJob): Promise<void> {
  try {
    const { runOffline } = await import('./offline/run.ts');
    await runOffline(job, report, stop.signal);
  } catch (error) {
    const missing = error instanceof Error && /node-av/.test(error.message);
    if (!missing) throw error;
    const hint = 'npm install node-av@6.1.1';
    report({ type: 'failed', code: 'RELAY_BINARY_MISSING', message: 'hooks need node-av', hint });
  }
  // Not by itself: libav leaves threads behind.
  process.stdout.write('', () => process.exit());
}

process.on('SIGTERM', end);
process.on('SIGINT', end);
listen<OfflineJob, never>(process.stdin, { job: (job) => void run(job), command: () => {}, end });
