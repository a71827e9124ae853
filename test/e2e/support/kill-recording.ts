/**
 * kill -9 of the processes of a recording gateway, one after the other, and what came of it: what readers saw is held
 * against what the files have, the files' holes against the gaps of the ledger.
 */
import { join } from 'node:path';
import type { GapCause, GapEntry } from '../../../src/record/types.ts';
import { cli } from '../../support/relay.ts';
import { clip } from './clips.ts';
import { type Life, type Returning, startReturning } from './frame-times.ts';
import { identity } from './hooks.ts';
import { runOnce, type Scope, until } from './process.ts';
import {
  complaints,
  decodeSegments,
  gapOf,
  gapsOf,
  type Hole,
  holes,
  type RecordedFrame,
  segmentsOf,
  visible,
} from './recordings.ts';
import { type Relay, startRelay } from './relay.ts';

export const victims = ['ffmpeg', 'server', 'recorder', 'gateway', 'worker'] as const;
export type Victim = (typeof victims)[number];

const fps = 25;
const routes = ['cam', 'hooked'] as const;

/** Seconds. Shorter ones are of the stream itself: a hook whose source is away for a moment. Losses are counted anyway. */
const longHole = 0.5;

export interface RouteResult {
  route: string;
  frames: RecordedFrame[];
  files: number;
  /** "file: what ffmpeg said" of those that are not whole. */
  broken: string[];
  /** Numbers that come twice within a life of the publisher. */
  doubled: RecordedFrame[];
  holes: (Hole & { gap?: GapEntry })[];
  gaps: GapEntry[];
  /** Frames that a reader saw and no file has, for each life of a publisher; and the gap that tells of it. */
  lost: { at: number; frames: number; gap?: GapEntry }[];
  /** Files that the ledger doesn't know, or the other way round. */
  unlisted: string[];
  verify: { code: number | null; output: string };
}

export interface KillResult {
  kills: { victim: Victim; at: number }[];
  routes: RouteResult[];
}

async function pidOf(relay: Relay, victim: Exclude<Victim, 'gateway'>, not?: number): Promise<number> {
  const unit = { ffmpeg: 'source:cam', server: 'server', recorder: 'recorder', worker: 'hook:hooked' }[
    victim
  ];
  return relay.pidOf(unit, not);
}

async function kill(relay: Relay, victim: Victim): Promise<void> {
  if (victim === 'gateway') {
    relay.child().kill('SIGKILL');
    await relay.child().exited;
    return relay.start();
  }
  const pid = await pidOf(relay, victim);
  process.kill(pid, 'SIGKILL');
  await pidOf(relay, victim, pid);
}

/** Both routes' readers have got so much footage from now on, and segments are being written again. */
async function settled(readers: Returning[], dirs: string[], seconds: number): Promise<void> {
  const from = Date.now() / 1000;
  const wanted = readers.map((reader) => reader.count() + seconds * fps);
  await until(() => readers.every((reader, index) => reader.count() >= wanted[index]!), {
    timeout: 60_000,
    what: `${seconds} s of footage for all readers`,
  });
  await until(() => dirs.every((dir, at) => segmentsOf(dir, routes[at]!).some((one) => one.from > from)), {
    timeout: 30_000,
    what: 'a segment that begins after the kill',
  });
}

/** Kills `order` one by one, each when all has settled after the one before; `random` gives the moment within two seconds. */
export async function killRecording(
  s: Scope,
  order: Victim[],
  options: { random?: () => number; told?: (line: string) => void } = {},
): Promise<KillResult> {
  const { random = () => 0.5, told = () => {} } = options;
  const made = await clip({ seconds: 64, period: 2, gop: 1 });
  const dirs = routes.map((route) => join(s.dir, 'recordings', route));
  const segments = (index: number): object => ({ segments: { dir: dirs[index], every: '3s' } });
  const relay = await startRelay(s, {
    sources: { cam: { file: made.file, loop: true } },
    routes: {
      cam: { from: 'cam', to: ['cam', segments(0)] },
      hooked: { from: 'cam', hook: await identity(s, 'module'), to: ['hooked', segments(1)] },
    },
  });
  const readers = routes.map((route) => startReturning(s, relay.rtmp(route), made.frames, fps));
  await settled(readers, dirs, 3);
  const kills: KillResult['kills'] = [];
  for (const victim of order) {
    const wait = readers[0]!.count() + Math.floor(random() * 2 * fps);
    await until(() => readers[0]!.count() >= wait, { timeout: 30_000, what: 'the moment' });
    kills.push({ victim, at: Date.now() / 1000 });
    told(`kill ${kills.length} of ${order.length}: ${victim}`);
    await kill(relay, victim);
    await settled(readers, dirs, 2);
  }
  await relay.stop();
  for (const reader of readers) await reader.stop();
  const results: RouteResult[] = [];
  for (const [index, route] of routes.entries()) {
    results.push(
      await judged(s, { dir: dirs[index]!, route, lives: readers[index]!.lives(), file: relay.file }),
    );
  }
  return { kills, routes: results };
}

interface Recording {
  dir: string;
  route: string;
  lives: Life[];
  file: string;
}

async function judged(s: Scope, { dir, route, lives, file }: Recording): Promise<RouteResult> {
  const segments = await decodeSegments(s, dir, route, 'video');
  const frames = segments.flatMap((segment) => segment.frames);
  const gaps = gapsOf(dir, route);
  const broken: string[] = [];
  for (const one of segments) {
    const said = await complaints(s, one.file);
    if (said !== '') broken.push(`${one.file}: ${said}`);
  }
  const known = new Set(segments.map(({ entry }) => entry.path));
  const there = visible(dir);
  const verify = await runOnce(s, process.execPath, [cli, 'recordings', 'verify', route, '--config', file], {
    timeout: 120_000,
  });
  return {
    route,
    frames,
    files: segments.length,
    broken,
    doubled: doubledIn(frames),
    holes: holes(frames, fps)
      .map((hole): Hole & { gap?: GapEntry } => {
        const gap = gapOf(hole, gaps);
        return gap === undefined ? hole : { ...hole, gap };
      })
      .filter(({ from, to, gap }) => gap !== undefined || to - from >= longHole),
    gaps,
    lost: lives.flatMap((life) => {
      const missing = life.filter((seen) => !frames.some((one) => isSame(one, seen)));
      if (missing.length === 0) return [];
      const [at, end] = [missing[0]!.wall, missing.at(-1)!.wall];
      const gap = gaps.find(({ from, to }) => from - 0.1 <= at && end <= to + 0.1);
      return [{ at, frames: missing.length, ...(gap && { gap }) }];
    }),
    unlisted: [
      ...there.filter((path) => !known.has(path)),
      ...[...known].filter((path) => !there.includes(path)),
    ],
    verify: { code: verify.code, output: verify.output },
  };
}

/** The same number at about the same time: two lives of a publisher are further apart than that. */
function isSame(
  one: { counter: number | null; wall: number },
  other: { counter: number | null; wall: number },
) {
  return one.counter === other.counter && Math.abs(one.wall - other.wall) < 0.3;
}

function doubledIn(frames: RecordedFrame[]): RecordedFrame[] {
  return frames.filter((frame, index) =>
    frames.slice(Math.max(0, index - 2 * fps), index).some((before) => isSame(before, frame)),
  );
}

/** What a gap may be called that came of the kill of this. */
export const causesOf: Record<Victim, GapCause[]> = {
  ffmpeg: ['publisher'],
  server: ['server'],
  recorder: [],
  gateway: ['gateway'],
  worker: ['publisher'],
};
