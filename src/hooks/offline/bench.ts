/** `relay hook bench`: the clip again and again at full speed, and how long each step takes. */
import { RelayError } from '../../errors.ts';
import { openClip } from '../libav/clip.ts';
import type { BenchWork, OfflineJob, OfflineReport, Phase } from './job.ts';
import { nowhere } from './nowhere.ts';
import { reportProgress } from './progress.ts';
import { summary } from './times.ts';
import { Trial } from './trial.ts';

type Job = Extract<OfflineJob, BenchWork>;

const MB = 1_000_000;
/** Frames until code is compiled, memory is mapped and models are warm. */
const WARM_UP = 50;
const LOOK = 200;

/** @throws RelayError, or what the signal was aborted with */
export async function runBench(
  job: Job,
  report: (report: OfflineReport) => void,
  signal: AbortSignal,
): Promise<void> {
  let clip = await openClip(job.clip);
  const clipRate = clip.fps;
  const rss = { worker: 0, hook: 0 };
  let times = none();
  let [began, ended] = [Number.NaN, Number.NaN];
  let done = 0;
  let size = { width: 0, height: 0 };
  let shown: { format: string; width: number; height: number } | undefined;
  const count = (): void => {
    done++;
    if (done === WARM_UP) {
      times = none();
      began = performance.now();
    }
    if (done !== WARM_UP + job.frames) return;
    ended = performance.now();
    weigh();
    trial.end();
  };
  const trial = new Trial({
    job,
    clip,
    format: 'mpegts',
    sink: nowhere(),
    timed: (phase, ms) => {
      if (Number.isNaN(ended)) times[phase].push(ms);
    },
    answered: ({ format, width, height }, dropped) => {
      shown = { format, width, height };
      if (dropped) count();
    },
    picture: ({ width, height }) => {
      size = { width, height };
      count();
    },
    report: (said) => said.type === 'log' && report(said),
  });
  const abort = (): void => trial.end();
  signal.addEventListener('abort', abort, { once: true });
  const weigh = (): void => {
    rss.worker = Math.max(rss.worker, process.memoryUsage.rss());
    rss.hook = Math.max(rss.hook, trial.figures().memory);
  };
  const look = setInterval(weigh, LOOK);
  const all = { frames: WARM_UP + job.frames, seconds: undefined };
  const progress = reportProgress(report, all, () => ({ frames: done, ticks: 0 }));
  try {
    if (signal.aborted) abort();
    for (let before = -1; Number.isNaN(ended) && before !== done && !trial.broken && !signal.aborted; ) {
      before = done;
      await trial.run(clip);
      await clip.close();
      clip = await openClip(job.clip);
    }
  } finally {
    clearInterval(look);
    progress();
    signal.removeEventListener('abort', abort);
    await trial.stop();
    await clip.close();
  }
  signal.throwIfAborted();
  if (trial.broken !== undefined) throw new RelayError('RELAY_UNIT_FAILED', trial.broken, { hint: '' });
  if (Number.isNaN(ended)) {
    throw new RelayError('RELAY_SOURCE_UNREADABLE', `no pictures come out of ${job.clip}`, { hint: '' });
  }
  const seconds = (ended - began) / 1000;
  const { errors, lastError } = trial.figures();
  const firstError =
    trial.firstError ?? (errors > 0 ? { message: lastError ?? 'the hook failed' } : undefined);
  report({
    type: 'bench',
    result: {
      clip: job.clip,
      hook: job.name,
      ...size,
      shown,
      frames: job.frames,
      errors,
      ...(firstError && { firstError }),
      seconds,
      framesPerSecond: job.frames / seconds,
      clipRate,
      phases: summary(times),
      rss: { worker: Math.round(rss.worker / MB), hook: Math.round(rss.hook / MB) },
    },
  });
}

const none = (): Record<Phase, number[]> => ({ decode: [], convert: [], hook: [], encode: [] });
