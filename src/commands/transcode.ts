import { relative } from 'node:path';
import { RelayError } from '../errors.ts';
import { probeMedia } from '../observe/probe.ts';
import { findFfmpeg, findFfprobe } from '../tools/ffmpeg.ts';
import { createReport } from '../tools/report.ts';
import { findPlace } from '../transcode/place.ts';
import { planTranscode } from '../transcode/plan.ts';
import { progressLine } from '../transcode/progress-line.ts';
import { type Transcoded, transcode } from '../transcode/run.ts';
import { audioChoices, presets, readWish, type Typed, videoChoices } from '../transcode/wish.ts';
import { createTether } from '../units/tether.ts';
import { defineCommand } from './command.ts';
import type { Io } from './io.ts';
import { short } from './table.ts';

export const command = defineCommand({
  builder: (yargs) =>
    yargs
      .positional('in', { type: 'string', demandOption: true, describe: 'A file; it is never touched' })
      .positional('out', {
        type: 'string',
        demandOption: true,
        describe: 'File to write: .mp4, .mkv, .mov, .ts, .webm or .avi',
      })
      .option('video', {
        choices: videoChoices,
        default: 'h264' as const,
        describe: 'What becomes of the picture',
      })
      .option('audio', {
        choices: audioChoices,
        default: 'auto' as const,
        describe: 'What becomes of the sound; auto copies what the output takes',
      })
      .option('size', { type: 'string', requiresArg: true, describe: 'Size of the picture, e.g. 1280x720' })
      .option('fps', {
        type: 'string',
        requiresArg: true,
        describe: 'Another frame rate, e.g. 25 or 30000/1001',
        defaultDescription: 'every frame, at its own time',
      })
      .option('bitrate', { type: 'string', requiresArg: true, describe: 'Of the picture, e.g. 500k or 2M' })
      .option('quality', {
        alias: 'crf',
        type: 'number',
        requiresArg: true,
        describe: "On the encoder's scale, less is better: h264, hevc 0-51, vp9, av1 0-63, mpeg4 1-31",
      })
      .option('preset', { choices: presets, describe: 'h264 and hevc: faster, or smaller' })
      .option('start', { type: 'string', requiresArg: true, describe: 'Leave out what is before, e.g. 90s' })
      .option('duration', { type: 'string', requiresArg: true, describe: 'How much of it, e.g. 10s or 5m' })
      .option('force', {
        alias: 'f',
        type: 'boolean',
        default: false,
        describe: 'Replace a file that has the name of the output',
      })
      .example('$0 transcode film.avi film.mp4', 'H.264, the sound copied')
      .example('$0 transcode film.avi film.mkv --video hevc --quality 24 --preset slow', 'smaller')
      .example('$0 transcode cam.ts cam.mp4 --video copy', 'another container, no encoder')
      .example(
        '$0 transcode film.mp4 part.webm --video vp9 --start 1m --duration 30s --size 640x360',
        'a part',
      )
      .epilogue(
        'The output appears under its name when it is whole. Subtitles and data are left out.\n' +
          'Exit codes: 0 ok, 1 it failed, 2 wrong usage, 69 ffmpeg or an encoder is missing, 130 stopped.',
      ),

  async handler({ in: from, out: to, force, ...typed }, io) {
    const stop = new AbortController();
    const onStop = () => stop.abort(new Stopped());
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const name of signals) process.on(name, onStop);
    try {
      const done = await run(from, to, force, typed, stop.signal, io);
      io.out(summary(done));
      return 0;
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      io.say('stopped: nothing was written');
      return 130;
    } finally {
      for (const name of signals) process.off(name, onStop);
    }
  },
});

class Stopped extends Error {}

async function run(
  from: string,
  to: string,
  force: boolean,
  typed: Typed,
  signal: AbortSignal,
  io: Io,
): Promise<Transcoded> {
  const wish = readWish(typed);
  const place = await findPlace(from, to, force);
  const ffmpeg = await findFfmpeg({ env: io.env });
  const ffprobe = await findFfprobe({ env: io.env, ffmpeg: ffmpeg.path });
  const tether = createTether();
  const talk = createReport(process.stderr);
  try {
    const args = ['-protocol_whitelist', 'file,crypto', '-i', `file:${place.input}`];
    const media = await probeMedia({ ffprobe: ffprobe.path, prefix: tether.prefix, args, signal }).catch(
      (error: unknown) => {
        if (!(error instanceof RelayError)) throw error;
        throw new RelayError(error.code, error.message.replace(`file:${place.input}`, from), { hint: '' });
      },
    );
    const plan = planTranscode(wish, { ...place, media, tools: ffmpeg.tools });
    talk.say(`${from} → ${to}: ${plan.does}`);
    const done = await transcode({
      ffmpeg: ffmpeg.path,
      place,
      plan,
      tether,
      signal,
      onProgress: (figures) => talk.progress(progressLine(figures, plan.seconds)),
    });
    talk.end();
    if (done.complaints.length > 0) {
      io.say(`ffmpeg complained, and went on:\n${done.complaints.map((line) => `  ${line}`).join('\n')}`);
    }
    return done;
  } finally {
    talk.end();
    tether.close();
  }
}

function summary({ file, frames, bytes, seconds, took }: Transcoded): string {
  const count = frames > 0 ? `${frames} frames, ` : '';
  return `${relative('', file)}: ${count}${short(bytes)}B, ${seconds.toFixed(1)} s in ${took.toFixed(1)} s, ${(seconds / took).toFixed(1)}x`;
}
