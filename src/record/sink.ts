/** What all that is made of a recorded path have in common: they hear of the footage, and write when they are asked to. */
import type { DiskState } from './disk.ts';
import type { Earlier } from './earlier.ts';
import type { FootageEvent } from './footage.ts';
import type { DigestOf } from './headers.ts';
import type { GapEntry, RecorderReport, Sample } from './types.ts';

export interface RunningSink {
  /** Writes nothing, waits for nothing. */
  push(event: FootageEvent): void;
  /** Something is missing, and why. */
  gap?(gap: GapEntry): void;
  /** An event of the route. */
  event?(event: { name: string; at: number; data?: unknown }): void;
  /** The wall clock was set. */
  step?(at: number, step: number): Promise<void>;
  /** Writes what is ready, removes what is too old, and looks at the disk. One call at a time. */
  work(): Promise<void>;
  /** The recording is over: what is open is written too. */
  finish(): Promise<void>;
  /** This recorder ends, the recording doesn't. */
  close?(): Promise<void>;
  /** What it had when it was opened; the ring may hold that still. */
  readonly earlier?: Earlier;
  /** Files of the ring from this sample's on are needed; undefined: none. */
  readonly oldest: Sample | undefined;
  readonly disk: DiskState;
  /** Of what the sink holds, and what is free on its disk. */
  readonly figures: { segments?: number; clips?: number; bytes: number; free: number };
}

/** What sinks need of the world. */
export interface SinkHost {
  route: string;
  ffmpeg: string;
  digestOf: DigestOf;
  /** Unix seconds. */
  now(): number;
  /** The same for ages: without a step of the clock that the ledgers don't know of yet. */
  knownTime(): number;
  /** Milliseconds. */
  monotonic(): number;
  /** The publisher or the server is gone: nothing more comes for now. */
  noMore?(): boolean;
  report(report: RecorderReport): void;
  /** Kills what is under way. */
  signal: AbortSignal;
}
