/**
 * A reader that keeps one connection open and notes pictures and sound, so that a test can say what a viewer
 * went through: holes and pauses of the sound, pictures that are missing or come in the wrong order.
 */
import { decode, type Picture, type Sound } from './decode.ts';
import { beepOnsets, flashOnsets, type Pair, pairUp } from './measure.ts';
import { type Child, type Scope, until } from './process.ts';

export interface SteadyReader {
  child: Child;
  connected(): boolean;
  /** Pictures of our clips that arrived in this time (performance.now()). */
  pictures(from?: number, to?: number): Picture[];
  sounds(from?: number, to?: number): Sound[];
  /** Offsets of the flashes that arrived whole in this time. */
  pairs(from?: number, to?: number): Pair[];
  /** Resolves with the first picture that arrives after `since`. */
  pictureAfter(since: number, timeout?: number): Promise<Picture>;
  stop(): Promise<void>;
}

export function startSteadyReader(s: Scope, url: string): SteadyReader {
  const pictures: Picture[] = [];
  const sounds: Sound[] = [];
  const child = decode(s, {
    url,
    onPicture: (picture) => {
      if (picture.counter !== null) pictures.push(picture);
    },
    onSound: (sound) => sounds.push(sound),
  });
  const within = <T extends { at: number }>(items: T[], from = 0, to = Number.POSITIVE_INFINITY): T[] =>
    items.filter(({ at }) => at >= from && at < to);
  return {
    child,
    connected: () => child.exit() === undefined,
    pictures: (from, to) => within(pictures, from, to),
    sounds: (from, to) => within(sounds, from, to),
    pairs: (from, to) =>
      pairUp(flashOnsets(within(pictures, from, to), true), beepOnsets(sounds), pictures[0]?.pts ?? 0),
    pictureAfter: (since, timeout = 20_000) =>
      until(() => pictures.find(({ at }) => at > since), { timeout, every: 10, what: `footage from ${url}` }),
    async stop() {
      await child.stop(500);
    },
  };
}

/** The longest hole between the end of one block of sound and the start of the next, media milliseconds. */
export function longestHole(sounds: Sound[]): number {
  const holes = sounds.slice(1).map((sound, index) => {
    const before = sounds[index]!;
    return (sound.pts - before.pts - before.samples.length / before.rate) * 1000;
  });
  return Math.max(0, ...holes);
}

/** The longest time in ms between two arrivals. */
export function longestPause(items: { at: number }[]): number {
  return Math.max(0, ...items.slice(1).map(({ at }, index) => at - items[index]!.at));
}

/** Frames since the first picture, by the burnt-in numbers: they go on where the clip starts again. */
export function unwound(pictures: Pick<Picture, 'counter'>[], loop: number): number[] {
  let total = 0;
  return pictures.map(({ counter }, index) => {
    const before = pictures[index - 1]?.counter ?? counter!;
    const step = (counter! - before + loop) % loop;
    total += step > loop / 2 ? step - loop : step;
    return total;
  });
}

/** How late each picture arrives against the first one, ms: what a viewer falls behind. */
export function delays(pictures: Pick<Picture, 'counter' | 'at'>[], loop: number, fps: number): number[] {
  return unwound(pictures, loop).map(
    (frame, index) => pictures[index]!.at - pictures[0]!.at - (frame / fps) * 1000,
  );
}
