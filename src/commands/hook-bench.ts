import { RelayError } from '../errors.ts';
import { defineCommand } from './command.ts';
import { chooseHook, hookArguments } from './hook-args.ts';
import { printBench } from './hook-print.ts';
import { tryHook } from './hook-process.ts';

const MOST = 1_000_000;

export const command = defineCommand({
  builder: (yargs) =>
    hookArguments(yargs)
      .usage(
        '$0 hook bench <hook> <clip>\n$0 hook bench <clip> --route <route>\n$0 hook bench <clip> -- <program> [words..]\n\n' +
          'Runs a hook over a clip, again and again, at full speed, and shows what each step of a frame costs.',
      )
      .option('frames', {
        alias: 'n',
        type: 'number',
        default: 500,
        requiresArg: true,
        describe: 'Frames to measure, after a few to warm up',
      })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' })
      .example('$0 hook bench ./people.ts clip.mp4', 'ms per frame: decode, convert, hook, encode')
      .example('$0 hook bench ./people.ts clip.mp4 --size 640x360 --format rgb24', 'with smaller frames')
      .example('$0 hook bench http://127.0.0.1:5000/detect clip.mp4 --json', 'a service, for scripts')
      .epilogue(
        'Exit codes: 0 ok, 1 the hook failed, 2 wrong usage, 69 node-av is missing, 78 bad relay.yaml.',
      ),

  async handler({ frames, json, ...args }, io) {
    if (!(Number.isInteger(frames) && frames >= 1 && frames <= MOST)) {
      throw new RelayError('RELAY_USAGE', `--frames must be a whole number from 1 to ${MOST}`, { hint: '' });
    }
    const chosen = await chooseHook(args, io);
    const report = await tryHook(chosen, { do: 'bench', frames }, io);
    if (report?.type !== 'bench') return 130;
    io.out(json ? JSON.stringify(report.result, null, 2) : printBench(report.result, io.style));
    return report.result.errors > 0 ? 1 : 0;
  },
});
