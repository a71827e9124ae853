/** A worker's life: its feed, its loop, what it reports, and its end. */
import type { WorkerJob, WorkerReport } from './job.ts';
import { Feed } from './libav/feed.ts';
import { quietLibav } from './libav/log.ts';
import type { DrawOverlay } from './libav/picture.ts';
import { Loop } from './loop.ts';
import type { Decoded, Stage } from './picture.ts';

export interface WorkerParts {
  /** The stage of this job; pictures leave it by `emit`. */
  stage(emit: (picture: Decoded) => void): Stage;
  draw: DrawOverlay;
  report(report: WorkerReport): void;
}

export interface RunningWorker {
  reload(): void;
  /** Ends it in good order; never rejects. */
  stop(): Promise<void>;
}

const FIGURES_EVERY = 500;
/** Sound waits this long for its picture; longer where pictures may queue. */
const SOUND_HOLD = 500;
const SOUND_HOLD_BLOCK = 2500;

export function startWorker(job: WorkerJob, parts: WorkerParts): RunningWorker {
  const { report } = parts;
  quietLibav((line) => process.stderr.write(`${line}\n`));
  const log = (level: 'debug' | 'info' | 'warn' | 'error', message: string): void =>
    report({ type: 'log', level, message });
  const loop = new Loop({
    video: job.video,
    targets: job.outputs,
    hardware: job.hook.hardware,
    soundHold: job.hook.whenBehind === 'block' ? SOUND_HOLD_BLOCK : SOUND_HOLD,
    stage: parts.stage,
    draw: parts.draw,
    log,
  });
  const feed = new Feed({
    address: job.feed,
    listening: () => report({ type: 'listening' }),
    refused: (why) => log('warn', `the feed can't be listened for: ${why}`),
  });
  const figures = setInterval(() => report({ type: 'figures', figures: loop.figures() }), FIGURES_EVERY);
  const life = (async () => {
    for await (const input of feed.connections()) await loop.run(input);
  })();
  life.catch((error: unknown) => {
    log('error', `the worker fails: ${error instanceof Error ? error.stack : error}`);
    process.exitCode = 70;
  });
  return {
    reload: () => loop.stage.reload(),
    async stop() {
      clearInterval(figures);
      feed.stop();
      await life.catch(() => {});
      await loop.stop().catch((error: unknown) => log('error', `the worker ends badly: ${error}`));
    },
  };
}
