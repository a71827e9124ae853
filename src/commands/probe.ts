import { RelayError } from '../errors.ts';
import { kindOf } from '../kinds/sources/index.ts';
import { probeReport } from '../observe/probe-report.ts';
import { findFfmpeg, findFfprobe } from '../tools/ffmpeg.ts';
import { createReport } from '../tools/report.ts';
import { defineCommand } from './command.ts';
import type { Io } from './io.ts';
import { printProbe } from './probe-print.ts';
import { readTarget } from './target.ts';
import { typedConfig } from './typed-config.ts';

/** Until then the terminal stays quiet. */
const QUIET_MS = 2000;

export const command = defineCommand({
  builder: (yargs) =>
    yargs
      .positional('from', { type: 'string', demandOption: true, describe: 'A file, a picture or a URL' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' })
      .option('seconds', {
        type: 'number',
        default: 5,
        requiresArg: true,
        describe: 'How long to watch a live source',
      })
      .option('count', { type: 'boolean', default: false, describe: 'Also decode every frame and count' })
      .example('$0 probe clip.mp4', 'codecs, frame count, key frames, offset of sound against picture')
      .example('$0 probe rtsp://127.0.0.1:8554/clip --json', 'a live stream, for scripts'),

  async handler({ from, json, seconds, count }, io) {
    if (!(seconds > 0 && seconds <= 3600))
      throw new RelayError('RELAY_USAGE', '--seconds must be between 0 and 3600');
    const args = argsOf(from, io);
    const ffprobe = await ffprobeAtHand(io);
    const began = performance.now();
    const progress = createReport(process.stderr);
    const report = await probeReport({
      ffprobe,
      args,
      seconds,
      decode: count,
      onProgress(seen) {
        if (!process.stderr.isTTY || performance.now() - began < QUIET_MS) return;
        progress.progress(`${seen.packets} packets, ${seen.seconds.toFixed(1)} s of it`);
      },
    })
      .catch((error: unknown) => {
        // The usual hint is to do what was just done.
        throw error instanceof RelayError ? new RelayError(error.code, error.message, { hint: '' }) : error;
      })
      .finally(() => progress.end());
    const shown = { ...report, url: from };
    io.out(json ? JSON.stringify(shown, null, 2) : printProbe(shown, io.style));
  },
});

/** The arguments that the gateway would use, so that what is seen here is what it sees. */
function argsOf(from: string, io: Io): string[] {
  const { source } = readTarget(from, { env: {} });
  const config = typedConfig({ sources: { it: source }, routes: { it: { from: 'it' } } }, io);
  const it = config.sources.it!;
  const request = kindOf(it).probe?.(it);
  if (!request) throw new RelayError('RELAY_USAGE', `${from} is made here: there is nothing to look at`);
  return request.args;
}

async function ffprobeAtHand(io: Io): Promise<string> {
  const ffmpeg = await findFfmpeg({ env: io.env }).catch(() => undefined);
  return (await findFfprobe({ env: io.env, ffmpeg: ffmpeg?.path })).path;
}
