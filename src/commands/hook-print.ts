/** Results of `relay hook` in words. Pure. */
import type {
  BenchResult,
  FrameDifference,
  FrameError,
  GoldenResult,
  OfflineReport,
  TestResult,
} from '../hooks/offline/job.ts';
import { phases } from '../hooks/offline/job.ts';
import type { Io } from './io.ts';
import { age, table } from './table.ts';

/** @param elapsed seconds */
export function progressLine(
  { frames, seconds, of }: Extract<OfflineReport, { type: 'progress' }>,
  elapsed: number,
): string {
  const done = of.frames ? frames / of.frames : of.seconds ? seconds / of.seconds : undefined;
  const left = done && done <= 1 ? `, ${age((elapsed * (1 - done)) / done)} left` : '';
  const all = of.frames ? ` of ${of.frames}` : '';
  return `${frames}${all} frames, ${(frames / elapsed).toFixed(0)} fps${left}`;
}

export function printTest(result: TestResult, style: Io['style']): string {
  const { frames, firstError, events, output, golden } = result;
  const perSecond = (frames.out / Math.max(result.seconds, 0.001)).toFixed(0);
  const counts = Object.entries(events).sort(([, a], [, b]) => b - a);
  return [
    `frames  ${frames.in} in, ${frames.out} out, ${frames.dropped} dropped; the hook answered for ${frames.answered} (${perSecond} a second)`,
    ...(counts.length > 0 ? [`events  ${counts.map(([name, count]) => `${count} ${name}`).join(', ')}`] : []),
    ...(firstError ? [style('red', printErrors(frames.errors, firstError))] : []),
    ...(firstError ? printMissed(frames) : []),
    ...(golden ? printGolden(golden, style) : []),
    ...(output === undefined ? [] : [`result  ${output}`]),
  ].join('\n');
}

/** A hook that hangs or dies is started anew, and a clip does not wait for that. */
function printMissed({ in: all, answered, errors }: TestResult['frames']): string[] {
  const missed = all - answered - errors;
  return missed > 0
    ? [`missed  ${missed} frames were not shown to it: it was down, or they were not picked`]
    : [];
}

function printErrors(errors: number, { sequence, time, message }: FrameError): string {
  const where = sequence === undefined ? '' : ` on ${frame(sequence, time ?? 0)}`;
  return `errors  ${errors}, the first${where}: ${message}`;
}

const frame = (sequence: number, time: number): string => `frame ${sequence} (${time.toFixed(3)} s)`;

function printGolden(golden: GoldenResult, style: Io['style']): string[] {
  const notes = golden.notes.map((note) => `        ${note}`);
  if (golden.updated) return [`golden  ${golden.frames} frames written to ${golden.dir}`];
  if (golden.differing === 0) {
    return [style('green', `golden  all ${golden.frames} frames are as in ${golden.dir}`), ...notes];
  }
  const more = golden.differing - golden.first.length;
  return [
    style('red', `golden  ${golden.differing} of ${golden.frames} frames differ from ${golden.dir}`),
    ...notes,
    ...golden.first.flatMap(printDifference),
    ...(more > 0 ? [`        and ${more} more`] : []),
    '        if that is as it should be: the same command with --update',
  ];
}

function printDifference({ sequence, time, what, pictures }: FrameDifference): string[] {
  const { actual, expected } = pictures ?? {};
  return [
    `        ${frame(sequence, time)}: ${what.join('; ')}`,
    ...(actual === undefined
      ? []
      : [`          now ${actual}${expected === undefined ? '' : `, before ${expected}`}`]),
  ];
}

export function printBench(result: BenchResult, style: Io['style']): string {
  const { width, height, shown, frames, framesPerSecond, clipRate, rss, firstError } = result;
  const size = `${width}x${height}`;
  const view = shown ? `, the hook sees ${shown.format} ${shown.width}x${shown.height}` : '';
  const rows = phases.map((phase) => {
    const { mean, p50, p99, share } = result.phases[phase];
    return [phase, mean.toFixed(2), p50.toFixed(2), p99.toFixed(2), `${Math.round(share * 100)} %`];
  });
  return [
    `${frames} frames of ${size}${view}`,
    '',
    ...numbers([['phase', 'ms mean', 'p50', 'p99', 'share'], ...rows]),
    '',
    `${framesPerSecond.toFixed(1)} frames a second: ${meaning(framesPerSecond, clipRate)}`,
    `memory: ${rss.worker} MB for decoding and encoding${rss.hook > 0 ? `, ${rss.hook} MB for the hook` : ''}`,
    ...(firstError ? [style('red', printErrors(result.errors, firstError))] : []),
  ].join('\n');
}

/** What a speed says about a live stream. */
export function meaning(framesPerSecond: number, rate: number): string {
  const times = framesPerSecond / rate;
  const stream = `a stream of ${Number(rate.toFixed(2))} fps`;
  if (times < 1) {
    const every = Math.ceil(1 / times);
    return `too slow for ${stream}; it would be shown every ${ordinal(every)} frame, or use pick or mode: overlay`;
  }
  return `${stream} fits ${times.toFixed(1)} times${times < 1.5 ? ', with little to spare' : ''}`;
}

const ordinal = (n: number): string => `${n}${n === 2 ? 'nd' : n === 3 ? 'rd' : 'th'}`;

/** A table with its figures to the right. */
function numbers(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return table(
    rows.map((row) => row.map((cell, at) => (at === 0 ? cell : cell.padStart(widths[at] ?? 0)))),
  ).split('\n');
}
