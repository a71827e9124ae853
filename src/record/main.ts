/** The recorder's process: its job on the first line of standard input, commands on the others, reports on standard output. */
import { listen, reporter } from '../children/control.ts';
import { type Recorder, startRecorder } from './recorder.ts';
import type { RecorderCommand, RecorderJob, RecorderReport } from './types.ts';

const report = reporter<RecorderReport>(process.stdout);
let recorder: Recorder | undefined;
let ending = false;

function end(): void {
  if (ending) return;
  ending = true;
  void Promise.resolve(recorder?.stop()).then(() => process.stdout.write('', () => process.exit()));
}

// Whoever started it says when: by a signal, or by closing its input. A terminal's Ctrl-C reaches everybody.
process.on('SIGINT', () => {});
process.on('SIGTERM', end);
listen<RecorderJob, RecorderCommand>(process.stdin, {
  job: (job) => {
    recorder = startRecorder(job, { report, now: () => Date.now() / 1000 });
  },
  command: (command) => recorder?.command(command),
  end,
});
