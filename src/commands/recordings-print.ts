/** Recordings for people. */

import type { GapEntry } from '../record/types.ts';
import type { Exported, Lost } from '../recordings/export.ts';
import type { Problem } from '../recordings/joins.ts';
import { isLost, type Listing, type Summary } from '../recordings/list.ts';
import type { Recording } from '../recordings/places.ts';
import { length, local, utc } from '../recordings/times.ts';
import type { Verified } from '../recordings/verify.ts';
import { clock } from '../transcode/progress-line.ts';
import type { Io } from './io.ts';
import { short, table } from './table.ts';

export function printListing(listing: Listing, what: { gapsOnly: boolean }, style: Io['style']): string {
  const rows = [
    ...listing.segments
      .filter((one) => !what.gapsOnly || isLost(one))
      .map((one) => {
        const cells = [`${one.frames} frames`, `${short(one.bytes)}B`, one.state, one.path];
        return { at: one.from, cells: [utc(one.from), local(one.from), length(one.to - one.from), ...cells] };
      }),
    ...listing.gaps.map((gap) => {
      const cells = [...(gap.frames === undefined ? [''] : [`${gap.frames} frames`]), '', 'GAP', why(gap)];
      return { at: gap.from, cells: [utc(gap.from), local(gap.from), length(gap.to - gap.from), ...cells] };
    }),
  ].sort((a, b) => a.at - b.at);
  const lines = table(rows.map(({ cells }) => cells));
  const kind = listing.kind === 'clips' ? 'clip' : 'segment';
  const end = listing.empty ? `no ${kind} is finished yet` : printSummary(listing.summary, kind);
  return [style('bold', title(listing)), ...(lines === '' ? [] : [lines]), end].join('\n');
}

function printSummary(summary: Summary, kind: string): string {
  const { from, to, segments, recorded, frames, bytes, gaps, missed, missing, changed } = summary;
  const lost = [
    ...(missing > 0 ? [`${missing} missing`] : []),
    ...(changed > 0 ? [`${changed} changed`] : []),
    ...(gaps > 0 ? [`${count(gaps, 'gap')} of ${length(missed)} together`] : []),
  ];
  if (from === undefined || to === undefined) return ['nothing is there', ...lost].join(', ');
  const there = [count(segments, kind), length(recorded), count(frames, 'frame'), `${short(bytes)}B`];
  const whole = lost.length === 0 && kind !== 'clip' ? ['no gap'] : [];
  return `${utc(from)} to ${utc(to)}: ${[...there, ...whole, ...lost].join(', ')}`;
}

/** @param took seconds */
export function printVerifying({ files, of, seconds, problems }: Verified, took: number): string {
  const eta = files > 0 ? clock((took * (of - files)) / files) : '-:--';
  const found = problems.length > 0 ? [count(problems.length, 'problem')] : [];
  const share = `${((100 * files) / Math.max(of, 1)).toFixed(1)} %`;
  const facts = [share, `${files} of ${of} files`, `${(seconds / took).toFixed(1)}x`, ...found];
  return [...facts, `ETA ${eta}`].join('  ');
}

export function printVerified(done: Verified, style: Io['style']): string {
  const { files, of, problems, unknown, stopped } = done;
  const seen = stopped ? `${files} of ${of} files` : count(files, 'file');
  const facts = [seen, count(done.frames, 'frame'), length(done.seconds), `${short(done.bytes)}B`];
  if (done.kind === 'segments') facts.push(count(done.gaps, 'gap'));
  if (of === 0) facts.splice(0, facts.length, 'nothing is there');
  const end =
    problems.length > 0 ? count(problems.length, 'problem') : stopped ? 'no problem so far' : 'all well';
  return [
    style('bold', title(done)),
    ...problems.map(printProblem),
    ...unknown.map(({ path, route }) =>
      route === undefined
        ? `${path}: no ledger knows it`
        : `${path}: no ledger knows it; it is a segment of ${route}, and can be taken back`,
    ),
    `${facts.join(', ')}: ${style(problems.length > 0 ? 'red' : 'green', end)}`,
  ].join('\n');
}

function printProblem({ file, what, expected, seen }: Problem): string {
  return `${file}: ${what}: expected ${expected}, seen ${seen}`;
}

export function printExported(done: Exported, name: string): string {
  const { frames, early, bytes, from, to, segments } = done;
  const first = early > 0 ? ` (${early} of them before --from, as it begins at a key frame)` : '';
  const facts = [`${count(frames, 'frame')}${first}`, length(to - from), `${short(bytes)}B`];
  return `${name}: ${facts.join(', ')}, ${utc(from)} to ${utc(to)}, from ${count(segments, 'segment')}`;
}

export function printGap(gap: GapEntry): string {
  const frames = gap.frames === undefined ? '' : `, ${count(gap.frames, 'frame')}`;
  return `nothing from ${utc(gap.from)} to ${utc(gap.to)} (${length(gap.to - gap.from)}${frames}): ${why(gap)}`;
}

export function printLost({ from, to, reason }: Lost): string {
  return `nothing from ${utc(from)} to ${utc(to)} (${length(to - from)}): ${reason}`;
}

function why({ cause, reason }: GapEntry): string {
  return reason.includes(cause) ? reason : `${cause}: ${reason}`;
}

function title({ route, kind, dir }: Recording): string {
  return `${route}: ${kind} in ${dir}`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
