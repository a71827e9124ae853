/** Looks at every file of a recording, and at what lies between them. */
import type { SegmentEntry } from '../record/types.ts';
import type { FfmpegHost } from '../units/run-ffmpeg.ts';
import { checkFile } from './check-file.ts';
import { checkJoins, type Piece, type Problem } from './joins.ts';
import { stateOf } from './list.ts';
import type { Recording } from './places.ts';
import { readTimeline, type Span } from './timeline.ts';
import { type UnknownFile, unknownFiles } from './unknown.ts';

export interface Verified extends Recording {
  /** Files looked at, of how many. */
  files: number;
  of: number;
  frames: number;
  /** Seconds of media in them. */
  seconds: number;
  bytes: number;
  gaps: number;
  problems: Problem[];
  unknown: UnknownFile[];
  stopped: boolean;
}

export interface VerifyOptions {
  span: Span;
  /** undefined: headers only. */
  host: FfmpegHost | undefined;
  signal: AbortSignal;
  /** Unix seconds. */
  now: () => number;
  onProgress(done: Verified): void;
}

export async function verifyRecording(recording: Recording, options: VerifyOptions): Promise<Verified> {
  const { span, host, signal } = options;
  const timeline = await readTimeline(recording, span);
  const { segments, removed, gaps, clocks } = timeline;
  const none = { files: 0, frames: 0, seconds: 0, bytes: 0, stopped: false };
  const done: Verified = {
    ...recording,
    ...none,
    of: segments.length,
    gaps: gaps.length,
    problems: [],
    unknown: [],
  };
  const pieces: Piece[] = removed.map((entry) => ({ entry }));
  for (const entry of segments) {
    if (signal.aborted) break;
    options.onProgress(done);
    const { problems, packets } = await checkFile(recording.dir, entry, host).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      return { problems: undefined, packets: undefined };
    });
    if (!problems) break;
    done.files++;
    done.frames += entry.frames;
    done.seconds += entry.to - entry.from;
    done.bytes += entry.bytes;
    // Of millions of pictures only those are kept that a gap claims to miss.
    const claimed = gaps.some((gap) => gap.from < entry.to && gap.to > entry.from);
    pieces.push({ entry, packets: packets && !claimed ? { ...packets, times: [] } : packets });
    if (problems.length > 0 && !(await removedMeanwhile(recording, entry))) done.problems.push(...problems);
  }
  done.stopped = signal.aborted;
  if (done.stopped) return done;
  // Clips overlap as their events do, and what lies between them is nobody's loss.
  if (recording.kind === 'segments') {
    pieces.sort((a, b) => a.entry.seq - b.entry.seq);
    done.problems.push(...checkJoins(pieces, gaps, clocks));
  }
  done.unknown = await unknownFiles(recording.dir, options.now());
  return done;
}

/** The gateway's retention goes on while we look. */
async function removedMeanwhile(recording: Recording, entry: SegmentEntry): Promise<boolean> {
  if ((await stateOf(recording.dir, entry)) !== 'missing') return false;
  const { segments } = await readTimeline(recording, { from: entry.from, to: entry.to });
  return !segments.some(({ seq, path }) => seq === entry.seq && path === entry.path);
}
