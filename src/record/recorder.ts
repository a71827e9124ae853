/** The recorder: looks at the rings, each in its own time, hears of events and of what happens to streams, and says what it did. */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { digestOfConfig } from './mp4/parameters.ts';
import { PathRecorder } from './recorded-path.ts';
import type { RecorderCommand, RecorderJob, RecorderReport } from './types.ts';
import { createWallClock, type WallClock } from './wall-clock.ts';

/** Milliseconds between two looks at a ring, and between two reports of figures. Nothing that is not read yet is lost. */
const LOOK = 1000;
const FIGURES = 1000;
/** Milliseconds that ffmpeg gets when the recording is over: what it did not make by then stays MP4. */
const LAST_COPY = 3000;
/** Milliseconds that the server gets to close the file of a path that it is to record no more, and between two looks. */
const CLOSES = 1000;
const CLOSED_LOOK = 50;

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
  const watches = job.paths.map((spec) => {
    // One each: none of them may hear of a step of the clock before it can note it.
    const clock = createWallClock(now, monotonic);
    const host = {
      route: spec.route,
      ffmpeg: job.ffmpeg,
      digestOf: (_init: unknown, track: Parameters<typeof digestOfConfig>[0]) => digestOfConfig(track),
      now,
      knownTime: clock.known,
      monotonic,
      report,
      signal: abort.signal,
    };
    return watch(new PathRecorder(spec, host, job.since), clock);
  });
  let serverUp = true;

  const tell = (): void => {
    const figures = Object.fromEntries(watches.map(({ path }) => [path.route, path.figures()]));
    report({ type: 'figures', figures });
  };
  const ticker = setInterval(tell, FIGURES);

  return {
    command(command) {
      if (command.type === 'server') serverUp = command.up;
      for (const { path } of watches) path.command(command);
    },
    async stop() {
      // While the server goes on so does the ring, and the next recorder makes what this one could not.
      const limit = setTimeout(() => !serverUp && abort.abort(), LAST_COPY);
      await Promise.all(watches.map(({ stop }) => stop(() => !serverUp)));
      clearTimeout(limit);
      clearInterval(ticker);
      tell();
      abort.abort();
    },
  };
}

interface Watch {
  path: PathRecorder;
  /** @param over asked when the look that is under way is done: the server writes no more */
  stop(over: () => boolean): Promise<void>;
}

/** Looks again and again, at one path: its slow disk is no other path's trouble. */
function watch(path: PathRecorder, clock: WallClock): Watch {
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const step = clock.look();
    if (step) await path.step(step.at, step.step);
    await path.look();
    if (!stopping) timer = setTimeout(next, LOOK);
  }

  let busy = Promise.resolve();
  const next = (): void => {
    busy = look();
  };
  next();
  return {
    path,
    async stop(over) {
      stopping = true;
      clearTimeout(timer);
      await busy;
      for (const from = performance.now(); path.isEnding && performance.now() - from < CLOSES; ) {
        await path.look();
        if (path.isEnding) await pause(CLOSED_LOOK);
      }
      if (over() || path.isOver) await path.look(true);
      await path.close();
    },
  };
}
