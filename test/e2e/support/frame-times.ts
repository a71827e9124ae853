/**
 * When a frame was really there, by what a reader saw. The source sends frame n at t0 + n / fps, and on its way a frame
 * can only be delayed: so the earliest of (arrival − n / fps) over all frames that a reader got is t0, late by no more
 * than the fastest way through server, socket and decoder (1 to 2 ms here: record-support.test.ts). Names of recordings are
 * judged by that, as nothing of the recorder is in it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { decode, type Picture } from './decode.ts';
import type { Child, Scope } from './process.ts';
import { unwound } from './steady-reader.ts';

/** A frame as a reader saw it, and when it was there: Unix seconds. */
export interface SeenFrame {
  counter: number;
  wall: number;
}

/** One life of a publisher, as far as one connection saw it: numbers without a step back. */
export type Life = SeenFrame[];

/** Seconds to add to performance.now() / 1000. */
export function wallOrigin(): number {
  return (Date.now() - performance.now()) / 1000;
}

/** Splits what a connection got wherever a publisher began anew, and gives each frame its true time. */
export function livesOf(pictures: Picture[], loop: number, fps: number): Life[] {
  const footage = pictures.filter(({ counter }) => counter !== null);
  const groups: Picture[][] = [];
  for (const picture of footage) {
    const before = groups.at(-1)?.at(-1);
    const step = before === undefined ? 1 : (picture.counter! - before.counter! + loop) % loop;
    const passed = before === undefined ? 0 : (picture.pts - before.pts) * fps;
    // A frame that was lost on the way leaves a hole of its own size; a new publisher begins somewhere else.
    const same = before !== undefined && step > 0 && step < loop / 2 && Math.abs(passed - step) < 2;
    if (same) groups.at(-1)!.push(picture);
    else groups.push([picture]);
  }
  const origin = wallOrigin();
  return groups.map((group) => {
    const numbers = unwound(group, loop);
    const start = Math.min(...group.map(({ at }, index) => at / 1000 - numbers[index]! / fps)) + origin;
    return group.map(({ counter }, index) => ({ counter: counter!, wall: start + numbers[index]! / fps }));
  });
}

/** When the frame of this number was there, of those that come again with each loop the one that is nearest to `about`. */
export function timeOf(life: Life, counter: number, about: number, loop: number, fps: number): number {
  const { counter: first, wall } = life[0]!;
  const time = wall + (counter - first) / fps;
  const round = loop / fps;
  return time + Math.round((about - time) / round) * round;
}

/** A reader that connects again whenever it is cut. */
export interface Returning {
  lives(): Life[];
  /** Pictures of ours so far. */
  count(): number;
  stop(): Promise<void>;
}

export function startReturning(s: Scope, url: string, loop: number, fps: number): Returning {
  const connections: Picture[][] = [];
  let child: Child;
  let stopped = false;
  const connect = (): void => {
    const pictures: Picture[] = [];
    connections.push(pictures);
    child = decode(s, { url, tracks: 'video', onPicture: (picture) => pictures.push(picture) });
    void child.exited.then(async () => {
      await delay(200);
      if (!stopped) connect();
    });
  };
  connect();
  const stop = async (): Promise<void> => {
    stopped = true;
    await child.stop(500);
  };
  s.defer(stop);
  return {
    lives: () => connections.flatMap((pictures) => livesOf(pictures, loop, fps)),
    count: () =>
      connections.reduce((sum, all) => sum + all.filter(({ counter }) => counter !== null).length, 0),
    stop,
  };
}
