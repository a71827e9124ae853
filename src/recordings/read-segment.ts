/** A segment's packets, with the times that they had when they were recorded. */
import { RingFile } from '../record/mp4/reader.ts';
import { Timeline } from '../record/mp4/timeline.ts';
import { leadOf } from '../record/tracks.ts';
import type { Init, Sample, SegmentEntry, TrackInit } from '../record/types.ts';

export interface SegmentRead {
  entry: SegmentEntry;
  init: Init;
  lead: TrackInit;
  /** By decode time within each track, on the timeline of the run. */
  samples: Sample[];
  /** Nothing lies behind the last part. */
  whole: boolean;
}

/** @returns undefined where the file is no fragmented MP4 with packets, in the ticks that were noted */
export async function readSegment(file: string, entry: SegmentEntry): Promise<SegmentRead | undefined> {
  const ring = new RingFile(file);
  try {
    if (!(await ring.begin()) || ring.init === undefined) return undefined;
    const { init } = ring;
    const { samples, whole } = await ring.read(new Timeline());
    const lead = leadOf(init);
    const first = lead ? firstPts(samples, lead) : Number.NaN;
    if (!lead || !Number.isFinite(first) || lead.timescale !== entry.timescale) return undefined;
    // A file begins at 0. Presentation times were copied, decode times may have been corrected.
    const zero = entry.firstPts - first;
    for (const track of init.tracks) {
      const shift = track.id === lead.id ? zero : Math.round((zero * track.timescale) / lead.timescale);
      for (const sample of samples) {
        if (sample.track !== track.id) continue;
        sample.dts += shift;
        sample.pts += shift;
      }
    }
    return { entry, init, lead, samples, whole };
  } finally {
    await ring.close();
  }
}

export function firstPts(samples: readonly Sample[], lead: TrackInit): number {
  return samples.reduce(
    (least, { track, pts }) => (track === lead.id ? Math.min(least, pts) : least),
    Number.POSITIVE_INFINITY,
  );
}

/** Unix seconds at which a time of its run was presented. */
export function wallIn({ entry }: SegmentRead, pts: number): number {
  return entry.from + (pts - entry.firstPts) / entry.timescale;
}
