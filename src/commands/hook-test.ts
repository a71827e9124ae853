import { basename, extname } from 'node:path';
import { RelayError } from '../errors.ts';
import { defineCommand } from './command.ts';
import { chooseHook, hookArguments } from './hook-args.ts';
import { printTest } from './hook-print.ts';
import { tryHook } from './hook-process.ts';

export const command = defineCommand({
  builder: (yargs) =>
    hookArguments(yargs)
      .usage(
        '$0 hook test <hook> <clip>\n$0 hook test <clip> --route <route>\n$0 hook test <clip> -- <program> [words..]\n\n' +
          'Shows every frame of a clip to a hook, in order and without drops, and writes what comes out of it.',
      )
      .option('output', {
        alias: 'o',
        type: 'string',
        describe: 'File to write, .mp4 or .mkv; --no-output: none',
        defaultDescription: '<clip>.hooked.mp4 here, .mkv where MP4 can not hold the sound',
      })
      .option('force', {
        alias: 'f',
        type: 'boolean',
        default: false,
        describe: 'Overwrite a file that is no result of an earlier test',
      })
      .option('golden', {
        type: 'string',
        requiresArg: true,
        describe: 'Compare each frame with the golden run in this folder',
      })
      .option('update', { type: 'boolean', default: false, describe: 'Write the golden run instead' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' })
      .example('$0 hook test ./people.ts clip.mp4', 'write clip.hooked.mp4, to look at')
      .example(
        '$0 hook test relay:motion clip.mp4 --options \'{"threshold": 12}\'',
        'a hook that comes along',
      )
      .example('$0 hook test clip.mp4 -- python3 faces.py', 'a program in another language')
      .example('$0 hook test clip.mp4 --route lobby', 'the hook of a route of relay.yaml')
      .example('$0 hook test ./people.ts clip.mp4 --golden golden --update', 'keep what each frame is now')
      .example('$0 hook test ./people.ts clip.mp4 --golden golden', 'exit code 1 when a frame differs')
      .epilogue(
        'Exit codes: 0 ok, 1 the hook failed or a frame differs, 2 wrong usage, 69 node-av is missing, 78 bad relay.yaml.',
      ),

  async handler({ output, force, golden, update, json, ...args }, io) {
    if (update && golden === undefined) {
      throw new RelayError('RELAY_USAGE', '--update needs --golden <folder>', { hint: '' });
    }
    const chosen = await chooseHook(args, io);
    const work = {
      do: 'test' as const,
      output: outputOf(output, chosen.clip),
      force,
      golden: golden === undefined ? undefined : { dir: golden, update },
    };
    const report = await tryHook(chosen, work, io);
    if (report?.type !== 'test') return 130;
    const { result } = report;
    io.out(json ? JSON.stringify(result, null, 2) : printTest(result, io.style));
    if (update && !result.golden) io.say('the golden run was not written: the hook failed');
    return result.frames.errors > 0 || (result.golden?.differing ?? 0) > 0 ? 1 : 0;
  },
});

/** @param output `--no-output` makes it false */
function outputOf(
  output: string | boolean | undefined,
  clip: string,
): { file: string } | { stem: string } | undefined {
  if (output === false) return undefined;
  if (typeof output === 'string') return { file: output };
  return { stem: `${basename(clip, extname(clip))}.hooked` };
}
