import { RelayError } from '../errors.ts';
import { readSpan } from '../recordings/times.ts';
import { type Verified, verifyRecording } from '../recordings/verify.ts';
import { findFfmpeg } from '../tools/ffmpeg.ts';
import { createReport } from '../tools/report.ts';
import type { FfmpegHost } from '../units/run-ffmpeg.ts';
import { createTether } from '../units/tether.ts';
import { defineCommand } from './command.ts';
import { findRecordings, onStop, placeOptions, spanOptions } from './recordings-args.ts';
import { printVerified, printVerifying } from './recordings-print.ts';

/** Until then the terminal stays quiet. */
const QUIET_MS = 2000;

export const command = defineCommand({
  builder: (yargs) =>
    placeOptions(spanOptions(yargs.positional('route', { type: 'string', describe: 'Only of this route' })))
      .option('fast', { type: 'boolean', default: false, describe: 'Decode nothing: sizes and headers only' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' })
      .example('$0 recordings verify', 'decode all, and compare with what was noted')
      .example('$0 recordings verify lobby --from -1h --fast', 'the last hour, in a moment')
      .epilogue(
        'Nothing is written; the gateway may be recording.\n' +
          'Exit codes: 0 all well, 1 problems, 2 wrong usage, 69 ffmpeg is missing, 130 stopped.',
      ),

  async handler({ route, fast, json, from, to, ...place }, io) {
    const span = readSpan({ from, to }, Date.now() / 1000);
    const recordings = await findRecordings(place, route, io);
    const stop = new AbortController();
    const off = onStop(() => stop.abort(new RelayError('RELAY_USAGE', 'stopped')));
    const tether = createTether();
    const talk = createReport(process.stderr);
    let began = performance.now();
    const onProgress = (done: Verified): void => {
      const took = performance.now() - began;
      if (took >= QUIET_MS) talk.progress(printVerifying(done, took / 1000));
    };
    const { signal } = stop;
    const all: Verified[] = [];
    try {
      const host: FfmpegHost | undefined = fast
        ? undefined
        : { ffmpeg: (await findFfmpeg({ env: io.env })).path, tether, signal };
      const now = (): number => Date.now() / 1000;
      for (const one of recordings) {
        if (signal.aborted) break;
        began = performance.now();
        all.push(await verifyRecording(one, { span, host, signal, now, onProgress }));
        talk.end();
      }
    } finally {
      off();
      talk.end();
      tether.close();
    }
    if (json) io.out(JSON.stringify({ recordings: all }, null, 2));
    else io.out(all.map((one) => printVerified(one, io.style)).join('\n\n'));
    if (signal.aborted) {
      io.say('stopped: what was not looked at may still be wrong');
      return 130;
    }
    return all.some(({ problems }) => problems.length > 0) ? 1 : 0;
  },
});
