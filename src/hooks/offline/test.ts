/** `relay hook test`: every frame of the clip, its result as a file, and compared with a golden run. */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { extname } from 'node:path';
import { RelayError } from '../../errors.ts';
import type { WorkerReport } from '../job.ts';
import { type Clip, openClip } from '../libav/clip.ts';
import { FileSink, fitsMp4, formats, isResult } from '../libav/file-sink.ts';
import type { LibavPicture } from '../libav/picture.ts';
import type { Sink } from '../libav/publish.ts';
import { TICKS } from '../timeline.ts';
import { compareGolden, type Golden, updateGolden } from './golden.ts';
import type { OfflineJob, OfflineReport, TestResult, TestWork } from './job.ts';
import { nowhere } from './nowhere.ts';
import { reportProgress } from './progress.ts';
import type { FrameRecord } from './records.ts';
import { Trial } from './trial.ts';

type Job = Extract<OfflineJob, TestWork>;

/** @throws RelayError, or what the signal was aborted with */
export async function runTest(
  job: Job,
  report: (report: OfflineReport) => void,
  signal: AbortSignal,
): Promise<void> {
  const clip = await openClip(job.clip);
  let sink: FileSink | undefined;
  try {
    const golden = goldenOf(job);
    const file = await outputOf(job, clip);
    const step = Math.round(TICKS / clip.fps);
    sink = file === undefined ? undefined : new FileSink({ file, time: (pts) => clip.time(pts), step });
    if (sink) report({ type: 'writing', file: sink.partial });
    const result = await over(job, clip, sink ?? nowhere(), golden, report, signal);
    sink?.keep();
    report({ type: 'test', result: { ...result, ...(file !== undefined && { output: file }) } });
  } finally {
    sink?.discard();
    await clip.close();
  }
}

async function over(
  job: Job,
  clip: Clip,
  sink: Sink,
  golden: Golden | undefined,
  report: (report: OfflineReport) => void,
  signal: AbortSignal,
): Promise<TestResult> {
  const began = performance.now();
  const run = new Records();
  const trial = new Trial({
    job,
    clip,
    format: 'mp4',
    sink,
    decoderThreads: 1,
    answered: (frame, dropped) => {
      if (dropped) run.dropped(frame.sequence, Number(frame.pts));
    },
    picture: (picture) => {
      const record = run.picture(picture, clip.time(picture.pts));
      golden?.picture(picture, record);
    },
    report: (said) => (said.type === 'event' ? run.event(said) : said.type === 'log' && report(said)),
  });
  const abort = (): void => trial.end();
  signal.addEventListener('abort', abort, { once: true });
  const progress = reportProgress(report, clip, () => ({ frames: trial.emitted, ticks: run.last }));
  try {
    if (signal.aborted) abort();
    await trial.run(clip);
  } finally {
    progress();
    signal.removeEventListener('abort', abort);
    await trial.stop();
  }
  signal.throwIfAborted();
  if (trial.broken !== undefined) throw new RelayError('RELAY_UNIT_FAILED', trial.broken, { hint: '' });
  const decoded = trial.decoded;
  const { dropped, errors, lastError } = trial.figures();
  const firstError =
    trial.firstError ?? (errors > 0 ? { message: lastError ?? 'the hook failed' } : undefined);
  // What a hook that fails makes of a clip is nothing to hold later runs against.
  const kept = golden && (errors === 0 || !job.golden?.update) ? golden.finish(run.all(decoded)) : undefined;
  return {
    clip: job.clip,
    hook: job.name,
    frames: { in: decoded, out: trial.emitted, dropped, answered: trial.answered, errors },
    ...(firstError && { firstError }),
    events: run.counts,
    seconds: (performance.now() - began) / 1000,
    ...(kept && { golden: kept }),
  };
}

function goldenOf({ golden, clip, name }: Job): Golden | undefined {
  if (!golden) return undefined;
  return (golden.update ? updateGolden : compareGolden)(golden.dir, { clip, hook: name });
}

async function outputOf({ clip: source, output, force }: Job, { sound }: Clip): Promise<string | undefined> {
  if (!output) return undefined;
  const file = 'file' in output ? output.file : `${output.stem}${fitsMp4(sound) ? '.mp4' : '.mkv'}`;
  const ending = extname(file);
  if (!formats[ending]) {
    throw new RelayError('RELAY_USAGE', `${file} must end in ${Object.keys(formats).join(' or ')}`, {
      hint: '',
    });
  }
  if (ending === '.mp4' && !fitsMp4(sound)) {
    throw new RelayError('RELAY_USAGE', `MP4 can't hold the sound of this clip`, {
      hint: 'name a file that ends in .mkv',
    });
  }
  if (existsSync(file) && realpathSync(file) === realpathSync(source)) {
    throw new RelayError('RELAY_USAGE', `${file} is the clip itself`, {
      hint: '--output names another file',
    });
  }
  if (existsSync(file) && !force && !(await isResult(file))) {
    throw new RelayError('RELAY_USAGE', `${file} exists, and is no result of an earlier test`, {
      hint: '--force overwrites it, --output names another file',
    });
  }
  return file;
}

/** What is known of each frame. */
class Records {
  /** Time of the last picture, in ticks of the clip. */
  last = 0;
  readonly counts: Record<string, number> = {};
  readonly #records = new Map<number, FrameRecord>();
  readonly #events = new Map<number, { name: string; data?: unknown }[]>();

  event({ name, data, sequence }: Extract<WorkerReport, { type: 'event' }>): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    // One that is not about a frame comes when it comes.
    if (sequence === undefined) return;
    const events = this.#events.get(sequence) ?? [];
    this.#events.set(sequence, [...events, { name, ...(data !== undefined && { data }) }]);
  }

  dropped(sequence: number, pts: number): void {
    this.#records.set(sequence, { sequence, pts, drop: true });
  }

  picture(picture: LibavPicture, pts: number): FrameRecord {
    const { sequence, width, height } = picture;
    this.last = pts;
    const record: FrameRecord = { sequence, pts, size: [width, height], sha256: sha256(picture) };
    this.#records.set(sequence, record);
    return record;
  }

  /** @param count frames that were decoded; those of which nothing is known got lost */
  all(count: number): FrameRecord[] {
    return Array.from({ length: count }, (_, sequence): FrameRecord => {
      const events = this.#events.get(sequence);
      return { ...(this.#records.get(sequence) ?? { sequence, drop: true }), ...(events && { events }) };
    });
  }
}

/** Of the pixels that can be seen: what fills up the rows is anything. */
function sha256(picture: LibavPicture): string {
  const hash = createHash('sha256');
  for (const { data, stride, width, height } of picture.show('yuv420p', undefined).planes) {
    if (stride === width) hash.update(data.subarray(0, width * height));
    else
      for (let row = 0; row < height; row++) hash.update(data.subarray(row * stride, row * stride + width));
  }
  return hash.digest('hex');
}
