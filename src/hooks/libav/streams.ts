/** The streams of a muxer: one for each track that goes into it. */
import type { FormatContext, Stream } from 'node-av/lib';
import type { TrackKind } from '../timeline.ts';
import { ticks } from './formats.ts';
import type { Tracks } from './publish.ts';

export type Streams = Partial<Record<TrackKind, Stream>>;

export function addStreams(context: FormatContext, tracks: Tracks): Streams {
  const streams: Streams = {};
  for (const kind of ['picture', 'sound'] as const) {
    const track = tracks[kind];
    if (!track) continue;
    const stream = context.newStream();
    track.describe(stream.codecpar);
    // The tag is the one of the container that it came in.
    stream.codecpar.codecTag = 0;
    stream.timeBase = ticks;
    streams[kind] = stream;
  }
  return streams;
}
