/** From the description of a unit to what runs it. */
import type { WorkerReport } from '../hooks/job.ts';
import type { Media } from '../media.ts';
import type { Arg, UnitSpec, WorkerUnit } from '../plan/types.ts';
import type { Feeds } from './feeds.ts';
import { FfmpegBehaviour } from './ffmpeg-unit.ts';
import { ProbeBehaviour } from './probe-unit.ts';
import type { Tether } from './process.ts';
import type { StartGate } from './start-gate.ts';
import type { Timing } from './timing.ts';
import type { Behaviour } from './unit.ts';
import { WorkerBehaviour } from './worker-unit.ts';

/** What units need of the world around them. */
export interface UnitWorld {
  ffmpeg: string;
  worker: readonly [string, ...string[]];
  tether: Tether;
  gate: StartGate;
  feeds: Feeds;
  timing: Timing;
  now(): number;
  redact(text: string): string;
  resolve(arg: Arg): string;
  pathsOnline(paths: string[], signal: AbortSignal): Promise<boolean>;
  isOnline(path: string, since: number): boolean;
  probe(args: string[], signal: AbortSignal): Promise<Media>;
  onMedia(source: string, media: Media): void;
  doubt(source: string): void;
  report(worker: WorkerUnit, report: WorkerReport): void;
}

export function behaviourOf(spec: UnitSpec, world: UnitWorld): Behaviour {
  switch (spec.kind) {
    case 'probe':
      return new ProbeBehaviour(spec, world);
    case 'worker':
      return new WorkerBehaviour(spec, world);
    case 'ffmpeg':
      return new FfmpegBehaviour(spec, {
        ...world,
        workersListening: (workers, signal) => world.feeds.whenListening(workers, signal),
      });
  }
}
