/**
 * A reader that stays: it keeps one connection open and notes when each picture of ours arrives, so that
 * a test can say whether it was cut, how long the footage stood still, and which frames were lost.
 */
import { EventEmitter } from 'node:events';
import { decode, type Picture } from './decode.ts';
import { findGaps, type Gap } from './measure.ts';
import { type Child, type Scope, until } from './process.ts';

export interface GapMeter {
  /** Emits `picture` with each Picture, `end` when the connection is over. */
  events: EventEmitter<{ picture: [Picture]; end: [] }>;
  child: Child;
  /** Reader is connected. */
  connected(): boolean;
  /** performance.now() at its start. */
  startedAt: number;
  /** Milliseconds from start to the first picture of ours; undefined before it. */
  firstFrameMs(): number | undefined;
  /** All pictures of our clips so far: the slate of a server is not among them. */
  footage(): Picture[];
  /** Pictures that were not ours. */
  slates(): number;
  /** The longest time in ms without footage that began after `since` (performance.now()), up to now. */
  longestGapMs(since?: number): number;
  /** Frames missing in what arrived after `since`. */
  lost(loop: number, since?: number): Gap[];
  /** Resolves with the first picture of ours that arrives after `since`. */
  footageAfter(since: number, timeout?: number): Promise<Picture>;
  stop(): Promise<void>;
}

export function startGapMeter(s: Scope, url: string, inputArgs?: string[]): GapMeter {
  const events = new EventEmitter<{ picture: [Picture]; end: [] }>();
  const footage: Picture[] = [];
  let slates = 0;
  const startedAt = performance.now();
  const child = decode(s, {
    url,
    tracks: 'video',
    ...(inputArgs === undefined ? {} : { inputArgs }),
    onPicture: (picture) => {
      if (picture.counter === null) slates += 1;
      else footage.push(picture);
      events.emit('picture', picture);
    },
  });
  void child.exited.then(() => events.emit('end'));
  const since = (from: number): Picture[] => footage.filter(({ at }) => at >= from);
  return {
    events,
    child,
    startedAt,
    connected: () => child.exit() === undefined,
    firstFrameMs: () => (footage[0] === undefined ? undefined : footage[0].at - startedAt),
    footage: () => [...footage],
    slates: () => slates,
    longestGapMs(from = footage[0]?.at ?? startedAt) {
      const before = footage.findLast(({ at }) => at < from)?.at ?? from;
      const times = [before, ...since(from).map(({ at }) => at), performance.now()];
      return Math.max(...times.slice(1).map((time, index) => time - times[index]!));
    },
    lost: (loop, from = 0) => findGaps(since(from), loop),
    footageAfter: (from, timeout = 20_000) =>
      until(() => footage.find(({ at }) => at > from), { timeout, every: 10, what: `footage from ${url}` }),
    async stop() {
      await child.stop(500);
    },
  };
}
