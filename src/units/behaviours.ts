/** From the description of a unit to what runs it. */
import type { UnitSpec } from '../plan/types.ts';
import { FfmpegBehaviour, type FfmpegHost } from './ffmpeg-unit.ts';
import { ProbeBehaviour, type ProbeHost } from './probe-unit.ts';
import { RecorderBehaviour, type RecorderHost } from './recorder-unit.ts';
import { SnapshotBehaviour, type SnapshotHost } from './snapshot-unit.ts';
import type { Behaviour } from './unit.ts';
import { WorkerBehaviour, type WorkerHost } from './worker-unit.ts';

/** What units of all kinds need of the world around them. */
export type UnitWorld = FfmpegHost & ProbeHost & RecorderHost & SnapshotHost & WorkerHost;

export function behaviourOf(spec: UnitSpec, world: UnitWorld): Behaviour {
  switch (spec.kind) {
    case 'probe':
      return new ProbeBehaviour(spec, world);
    case 'snapshots':
      return new SnapshotBehaviour(spec, world);
    case 'worker':
      return new WorkerBehaviour(spec, world);
    case 'recorder':
      return new RecorderBehaviour(spec, world);
    case 'ffmpeg':
      return new FfmpegBehaviour(spec, world);
  }
}
