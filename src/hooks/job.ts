/**
 * What passes between the gateway and a worker: one job down the worker's standard input as a line of JSON,
 * then commands; reports up its standard output, one JSON line each. End of input means: the gateway is gone, end.
 */
import type { HookSpec } from './spec.ts';

export interface WorkerJob {
  version: 1;
  route: string;
  /** Where the worker listens for its stream (NUT), as libav opens it: `unix:/…/hook.sock`. */
  feed: string;
  outputs: WorkerOutput[];
  video: WorkerVideo;
  hook: HookSpec;
  /** A private folder (0700) for sockets and shared memory of this worker; made and removed by the gateway. */
  dir: string;
  /** Words before the command of each child, so that it dies with the worker. */
  prefix: string[];
}

export interface WorkerOutput {
  /** With credentials: never logged. */
  url: string;
  format: 'mpegts' | 'flv' | 'rtsp';
  /** Only the picture or only the sound. */
  select?: 'v' | 'a';
}

/** How the picture is encoded. */
export interface WorkerVideo {
  codec: 'h264' | 'hevc';
  /** Seconds between key frames. */
  gop: number;
  /** Bits per second; undefined: constant quality. */
  bitrate?: number;
  /** undefined: that of the first picture; later sizes are scaled to it, so that readers stay. */
  size?: { width: number; height: number };
  /** Frames beyond this rate are left out. */
  fps?: number;
}

export type WorkerCommand = { type: 'reload' };

export type WorkerReport =
  /** The feed may connect. */
  | { type: 'listening' }
  /** Twice a second, also when nothing moves: a worker that is silent hangs. */
  | { type: 'figures'; figures: HookFigures }
  | { type: 'event'; name: string; data?: unknown; sequence?: number; timestamp?: number }
  | { type: 'meta'; meta: unknown; sequence: number; timestamp: number }
  | { type: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; message: string };

export interface Percentiles {
  p50: number;
  p99: number;
}

/** What is known of a hooked route. Counts are since the worker's start, times are milliseconds. */
export interface HookFigures {
  /** `starting` until the hook's setup is done · `ready` · `failing` between its restarts. */
  state: 'starting' | 'ready' | 'failing';
  /** Pictures decoded, written, dropped because the hook was behind (or it said so), and failed. */
  in: number;
  out: number;
  dropped: number;
  errors: number;
  /** Frames that the hook has answered. */
  answered: number;
  /** Times that the hook's process was started again. */
  restarts: number;
  /** The last thing that went wrong with it. */
  lastError?: string;
  /** Sound packets written. */
  sound: number;
  /** Written pictures a second over the last seconds. */
  fps: number;
  /** Seconds of media written. */
  outTime: number;
  phases: Record<'decode' | 'convert' | 'hook' | 'encode', Percentiles>;
  /** Age of a frame when the hook gets it, and of one from decoded to written. */
  queueAge: Percentiles;
  latency: Percentiles;
  /** How much later sound lies to picture than it came in, from the packets as written. */
  avOffset: number;
  /** Resident megabytes of the worker, and of the hook's processes. */
  rss: { worker: number; hook: number };
}
