/** The recorder: looks at all rings in turn, hears of events and of what happens to streams, and says what it did. */
import { performance } from 'node:perf_hooks';
import { messageOf } from '../errors.ts';
import { digestOfConfig } from './mp4/parameters.ts';
import { PathRecorder } from './recorded-path.ts';
import type { RecorderCommand, RecorderJob, RecorderReport } from './types.ts';
import { createWallClock } from './wall-clock.ts';

/** Milliseconds between two looks at the rings, to which the server adds as often, and between two reports of figures. */
const LOOK = 500;
const FIGURES = 1000;

export interface RecorderHost {
  report(report: RecorderReport): void;
  /** Unix seconds. */
  now(): number;
}

export interface Recorder {
  command(command: RecorderCommand): void;
  /** Ends. What is open is written if the server writes no more, and left in the ring if it goes on. */
  stop(): Promise<void>;
}

export function startRecorder(job: RecorderJob, { report, now }: RecorderHost): Recorder {
  const abort = new AbortController();
  const monotonic = (): number => performance.now();
  const clock = createWallClock(now, monotonic);
  const host = {
    ffmpeg: job.ffmpeg,
    digestOf: (_init: unknown, track: Parameters<typeof digestOfConfig>[0]) => digestOfConfig(track),
    now,
    knownTime: clock.known,
    monotonic,
    report,
    signal: abort.signal,
  };
  const paths = job.paths.map((spec) => new PathRecorder(spec, { ...host, route: spec.route }));
  let serverUp = true;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;

  async function each(work: (path: PathRecorder) => Promise<void>): Promise<void> {
    // One path's trouble, or its slow disk, is no other path's.
    await Promise.all(
      paths.map(async (path) => {
        try {
          await work(path);
        } catch (error) {
          const message = messageOf(error);
          report({ type: 'log', level: 'error', route: path.route, message });
        }
      }),
    );
  }

  async function round(): Promise<void> {
    const step = clock.look();
    if (step) await each((path) => path.step(step.at, step.step));
    await each((path) => path.look());
  }

  let busy = Promise.resolve();
  const next = (): void => {
    busy = round().finally(() => {
      if (!stopping) timer = setTimeout(next, LOOK);
    });
  };
  next();

  const tell = (): void => {
    const figures = Object.fromEntries(paths.map((path) => [path.route, path.figures()]));
    report({ type: 'figures', figures });
  };
  const ticker = setInterval(tell, FIGURES);

  return {
    command(command) {
      if (command.type === 'server') serverUp = command.up;
      for (const path of paths) path.command(command);
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await busy;
      if (!serverUp) await each((path) => path.look(true));
      await each((path) => path.close());
      clearInterval(ticker);
      tell();
      abort.abort();
    },
  };
}
