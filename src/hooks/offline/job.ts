/**
 * What passes between `relay hook` and the process that tries a hook over a clip: one job down its standard input,
 * reports up its standard output, one line of JSON each.
 */
import type { ErrorCode } from '../../errors.ts';
import type { AdapterJob } from '../adapters.ts';

/** `name`: what the hook is called in what is written. */
export type OfflineJob = AdapterJob & { version: 1; clip: string; name: string } & (TestWork | BenchWork);

export interface TestWork {
  do: 'test';
  /** Where the result goes: `file`, or beside `stem` with the ending that its sound asks for; undefined: nowhere. */
  output: { file: string } | { stem: string } | undefined;
  /** Overwrites a file that is not the result of an earlier test. */
  force: boolean;
  golden: { dir: string; update: boolean } | undefined;
}

export interface BenchWork {
  do: 'bench';
  frames: number;
}

export type OfflineReport =
  | { type: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; message: string }
  /** The unfinished file: whoever ends this process removes it. */
  | { type: 'writing'; file: string }
  /** `of`: all of them as far as is known beforehand. Seconds of the clip. */
  | { type: 'progress'; frames: number; seconds: number; of: { frames?: number; seconds?: number } }
  | { type: 'failed'; code: ErrorCode; message: string; hint: string }
  | { type: 'test'; result: TestResult }
  | { type: 'bench'; result: BenchResult };

/** A frame on which something went wrong. */
export interface FrameError {
  /** undefined: it isn't known on which. */
  sequence?: number;
  /** Seconds of the clip. */
  time?: number;
  message: string;
}

export interface TestResult {
  clip: string;
  hook: string;
  frames: { in: number; out: number; dropped: number; answered: number; errors: number };
  firstError?: FrameError;
  /** How often each of them came. */
  events: Record<string, number>;
  seconds: number;
  output?: string;
  golden?: GoldenResult;
}

export interface GoldenResult {
  dir: string;
  /** Frames that it holds. */
  frames: number;
  updated: boolean;
  /** Frames that differ from it, of which the first are listed. */
  differing: number;
  first: FrameDifference[];
  notes: string[];
}

export interface FrameDifference {
  sequence: number;
  /** Seconds of the clip. */
  time: number;
  what: string[];
  /** Pictures to look at. */
  pictures?: { actual: string; expected?: string };
}

export const phases = ['decode', 'convert', 'hook', 'encode'] as const;
export type Phase = (typeof phases)[number];

export interface PhaseTimes {
  /** Milliseconds. */
  mean: number;
  p50: number;
  p99: number;
  /** Of the time of all phases, from 0 to 1. */
  share: number;
}

export interface BenchResult {
  clip: string;
  hook: string;
  width: number;
  height: number;
  /** What the hook was shown. */
  shown: { format: string; width: number; height: number } | undefined;
  frames: number;
  errors: number;
  firstError?: FrameError;
  /** Wall time of all frames. */
  seconds: number;
  framesPerSecond: number;
  /** Frames a second of the clip. */
  clipRate: number;
  phases: Record<Phase, PhaseTimes>;
  /** Resident megabytes at most. */
  rss: { worker: number; hook: number };
}
