/** What is seen of the running gateway: the shapes that the supervisor keeps and the API, `status` and `top` show. */
import type { HookFigures } from '../hooks/job.ts';
import type { RecorderFigures, RecorderReport } from '../record/types.ts';

/** The one life cycle of every unit; src/units/life-cycle.ts has the drawing and the legal moves. */
export type UnitState = 'idle' | 'starting' | 'running' | 'waiting' | 'stopping' | 'finished';

/** Why a process ended or was ended, in one line that a person understands. */
export interface ExitCause {
  /** e.g. "killed by SIGKILL", "connection refused by 192.0.2.10:554", "no progress for 5 s". */
  reason: string;
  /** Machine-readable class. */
  class:
    | 'exit'
    | 'signal'
    | 'stalled'
    | 'refused'
    | 'auth'
    | 'not-found'
    | 'codec'
    | 'network'
    | 'input'
    | 'spawn'
    | 'server'
    | 'asked';
  code: number | null;
  signal: string | null;
  /** Unix milliseconds. */
  at: number;
  /** Last lines of stderr, redacted. */
  stderr: string[];
}

/** What moves, as last seen. Absent: not seen. */
export interface Figures {
  fps?: number;
  /** Media seconds for each second of time. */
  speed?: number;
  /** Bits per second. */
  bitrate?: number;
  frames?: number;
  /** Media seconds since the start of the process. */
  outTime?: number;
  /** Of a worker. */
  hook?: HookFigures;
  /** Of the recorder, by route. */
  recorder?: RecorderFigures;
}

export interface UnitStatus {
  id: string;
  kind: 'server' | 'ffmpeg' | 'probe' | 'worker' | 'recorder' | 'snapshots';
  routes: string[];
  state: UnitState;
  pid?: number;
  /** Unix milliseconds of the last change of state. */
  since: number;
  /** Times the process was started again after it ended unasked. */
  restarts: number;
  lastExit?: ExitCause;
  /** Milliseconds until the next attempt, while waiting. */
  retryIn?: number;
  figures: Figures;
}

export interface PathStatus {
  name: string;
  route: string;
  /** Footage flows (not the offline slate). */
  online: boolean;
  /** As the server names them, e.g. "H264", "MPEG-4 Audio". */
  tracks: string[];
  readers: number;
  bytesIn: number;
  bytesOut: number;
  /** One entry a remote copy. */
  forward: { to: string; state: string; error?: string }[];
}

export interface GatewayStatus {
  /** Absolute path of relay.yaml. */
  file: string;
  pid: number;
  version: string;
  /** Unix milliseconds. */
  startedAt: number;
  /** Every wanted unit runs and every path that a unit feeds is online. */
  ready: boolean;
  units: UnitStatus[];
  paths: PathStatus[];
  /** Diagnostics of the last reload when it was refused; the old plan runs on. */
  configError?: string;
}

/** What happened, for the log, the SSE feed and tests. */
export type GatewayEvent =
  | { type: 'unit'; at: number; unit: string; state: UnitState; cause?: ExitCause }
  | { type: 'path'; at: number; path: string; online: boolean }
  | { type: 'reload'; at: number; ok: boolean; message: string; changed: string[] }
  /** Said by a hook; `timestamp` is that of its frame, in microseconds of the stream. */
  | {
      type: 'hook';
      at: number;
      route: string;
      name: string;
      data?: unknown;
      sequence?: number;
      timestamp?: number;
    }
  | { type: 'meta'; at: number; route: string; meta: unknown; sequence: number; timestamp: number }
  /** Said by a person or program, by the API. */
  | { type: 'event'; at: number; route: string; name: string; data?: unknown }
  /** Whether a path is recorded. */
  | { type: 'recording'; at: number; path: string; on: boolean; reason?: string }
  /** What the recorder wrote, missed and removed; `from` and `to` are Unix seconds. */
  | ({ at: number } & Extract<RecorderReport, { type: 'segment' | 'clip' | 'gap' | 'removed' }>)
  | { type: 'ready'; at: number };
