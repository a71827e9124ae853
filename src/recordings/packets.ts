/** What a file's packets say, whatever its format: pictures, the order of times, and where there are none. */
import type { SegmentEntry } from '../record/types.ts';
import type { SegmentRead } from './read-segment.ts';

/** Of the leading track, in seconds; the first presentation is 0. */
export interface Packets {
  frames: number;
  /** Of presentation, in order. */
  times: number[];
  /** Seconds of a usual picture. */
  frame: number;
  /** End of the last picture. */
  end: number;
  /** Pictures between which there is nothing. */
  holes: { from: number; to: number }[];
  /** First time of a track that doesn't go on: in words. */
  disorder: string | undefined;
}

interface Packet {
  track: number;
  /** Seconds. */
  dts: number;
  pts: number;
  duration: number;
}

/** Seconds, and usual pictures: as the recorder sees a hole. */
const HOLE = 0.5;
const USUAL = 3;

export function packetsOf({ samples, lead, init }: SegmentRead): Packets {
  const scales = new Map(init.tracks.map(({ id, timescale }) => [id, timescale]));
  const packets = samples.map(({ track, dts, pts, duration }): Packet => {
    const scale = scales.get(track) ?? 1;
    return { track, dts: dts / scale, pts: pts / scale, duration: duration / scale };
  });
  return judge(packets, lead.id);
}

/** Lines of ffmpeg's `framecrc`, which lists each packet. */
export class PacketLines {
  readonly #packets: Packet[] = [];
  readonly #scales = new Map<number, number>();
  #lead: number | undefined;

  push(line: string): void {
    const [, tb, scale = '', below = '1'] = /^#tb (\d+): (\d+)\/(\d+)/.exec(line) ?? [];
    if (tb !== undefined) this.#scales.set(Number(tb), Number(scale) / Number(below));
    const [, video] = /^#media_type (\d+): video/.exec(line) ?? [];
    if (video !== undefined) this.#lead ??= Number(video);
    const [track = Number.NaN, dts = 0, pts = 0, duration = 0] = line.split(',').map(Number);
    const seconds = this.#scales.get(track);
    if (seconds === undefined) return;
    this.#packets.push({ track, dts: dts * seconds, pts: pts * seconds, duration: duration * seconds });
  }

  packets(): Packets {
    return judge(this.#packets, this.#lead ?? 0);
  }
}

function judge(packets: readonly Packet[], lead: number): Packets {
  const own = packets.filter(({ track }) => track === lead);
  const first = own.reduce((least, { pts }) => Math.min(least, pts), Number.POSITIVE_INFINITY);
  const times = own.map(({ pts }) => pts - first).sort((a, b) => a - b);
  const steps = times.slice(1).map((time, index) => time - times[index]!);
  const frame = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? own[0]?.duration ?? 0;
  const most = Math.max(HOLE, USUAL * frame);
  const holes = steps.flatMap((step, index) =>
    step > most ? [{ from: times[index]! + frame, to: times[index + 1]! }] : [],
  );
  const last = own.reduce((end, { pts, duration }) => Math.max(end, pts - first + duration), 0);
  return { frames: own.length, times, frame, end: last, holes, disorder: disorderOf(packets) };
}

function disorderOf(packets: readonly Packet[]): string | undefined {
  const before = new Map<number, number>();
  for (const { track, dts } of packets) {
    const last = before.get(track);
    if (last !== undefined && dts <= last)
      return `track ${track}: ${dts.toFixed(6)} s after ${last.toFixed(6)} s`;
    before.set(track, dts);
  }
  return undefined;
}

/** What of a span of the wall clock has pictures: how many seconds of it are sure to be recorded. */
export function picturesWithin(
  { from }: SegmentEntry,
  { times, frame }: Packets,
  span: { from: number; to: number },
): number {
  return times.reduce((sum, time) => {
    const begin = Math.max(from + time, span.from);
    const end = Math.min(from + time + frame, span.to);
    return sum + Math.max(0, end - begin);
  }, 0);
}
