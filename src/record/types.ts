/**
 * The recorder's contracts. The media server writes everything that a recorded path carries into a ring of small
 * fragmented MP4 files; the recorder (one process for all routes) cuts segments, clips and single files out of the ring
 * by copying packets. What it does is a function of the ring and the ledger, so it may die and begin again anywhere.
 */

/** Bits of a ring file's header that a cut needs; one for each file of the ring. */
export interface Init {
  /** The `ftyp` box, then the `moov` box, as they are. */
  ftyp: Buffer;
  moov: Buffer;
  tracks: TrackInit[];
  /** One life of the server's recorder: within it all files are on one timeline. */
  run: string;
  /** Of the file within its run, from 0. */
  number: number;
  /** Start of the file on the run's timeline, in nanoseconds. */
  dts: bigint;
  /** When its first packet arrived, Unix time in nanoseconds. */
  ntp: bigint;
}

export interface TrackInit {
  id: number;
  kind: 'video' | 'audio';
  /** Ticks a second. */
  timescale: number;
  /** The sample entry's type: avc1, hvc1, hev1, av01, vp09, mp4a, Opus, ipcm … */
  codec: string;
  width?: number;
  height?: number;
  /** Decoder configuration (the body of avcC, hvcC, av1C, vpcC, esds, dOps …); empty where there is none. */
  config: Buffer;
}

/** One packet, and where its bytes lie. Times in ticks of its track on the run's timeline (not the file's). */
export interface Sample {
  track: number;
  dts: number;
  pts: number;
  duration: number;
  key: boolean;
  /** Absolute name of the ring file, offset and length in bytes. */
  file: string;
  offset: number;
  size: number;
  /** Of a key frame: digest of the parameter sets before it (H.264, H.265) or of its sequence header (AV1, VP9). */
  parameters?: string;
  /** Of a key frame: the server's picture for an absent publisher begins here. */
  slate?: boolean;
}

/** What a ring has given so far of one run, in the order of its files. */
export interface RingRead {
  file: string;
  init: Init;
  /** New since the last look, by decode time within each track. */
  samples: Sample[];
  /** No more comes to this file: its end was written, or a later file is there. `cut`: it ends in the middle of a part. */
  ended: false | 'closed' | 'cut';
}

/** Unbroken footage: from the first key frame after a slate, a gap or the start, to the next of these. */
export interface Take {
  /** Of the run, and counted within it. */
  run: string;
  number: number;
  init: Init;
  /**
   * Unix seconds at which tick 0 of the run would have arrived: `wall = anchor + ticks / timescale`.
   * The earliest of all estimates, because late arrival is the only error that there is.
   */
  anchor: number;
}

export type GapCause =
  /** The publisher was away; the words are those of its unit's last exit. */
  | 'publisher'
  | 'server'
  | 'gateway'
  | 'disk-full'
  | 'disk-error'
  | 'recorder'
  /** Packets are missing within a take, and nobody said why. */
  | 'lost'
  | 'unknown';

/** A line of the ledger. Times are Unix seconds with microseconds. */
export type Entry = SegmentEntry | GapEntry | GoneEntry | ClockEntry;

export interface SegmentEntry {
  type: 'segment';
  /** Below the sink's folder. */
  path: string;
  seq: number;
  /** Presentation of the first and the end of the last picture (of the sound where there is no picture). */
  from: number;
  to: number;
  /** Where it lies in its run: a recorder that begins again goes on after `endDts` (ticks of the first track). */
  run: string;
  dts: number;
  endDts: number;
  firstPts: number;
  lastPts: number;
  timescale: number;
  frames: number;
  bytes: number;
  /** false: the end is missing, because a process or the machine died. */
  complete: boolean;
  /** Files that belong to it and go with it. */
  beside?: { path: string; bytes: number }[];
}

export interface GapEntry {
  type: 'gap';
  from: number;
  to: number;
  cause: GapCause;
  /** In words, e.g. "killed by SIGKILL". */
  reason: string;
  /** Frames that would have been in it, as far as that can be known. */
  frames?: number;
}

/** A file that retention removed, or that somebody else did. */
export interface GoneEntry {
  type: 'gone';
  at: number;
  path: string;
  /** Of the segment: names may come again when the clock was set back. */
  seq: number;
  why: 'keep' | 'maxSize' | 'reserve' | 'missing';
}

/** The wall clock was set forward (`step` > 0) or back: segments before `seq` were named by the clock before. */
export interface ClockEntry {
  type: 'clock';
  /** By the new clock. */
  at: number;
  step: number;
  seq: number;
}

/** What ends a recorded path, as plain data: in the plan, and for the recorder's job. */
export interface SegmentsSpec {
  kind: 'segments';
  /** Absolute. */
  dir: string;
  /** Seconds. */
  every: number;
  /** Without extension; {unix}, {utc}, {route} and {seq} stand for values. */
  name: string;
  format: 'fmp4' | 'mpegts' | 'mkv';
  /** Seconds; undefined: for ever. */
  keep?: number;
  /** Bytes of all segments together. */
  maxSize?: number;
  /** Bytes that stay free on the disk. undefined: 5 % of it, at most 1 GiB. */
  reserve?: number;
}

export interface ClipsSpec {
  kind: 'clips';
  dir: string;
  /** Names of events; empty: all. */
  on: string[];
  /** Seconds. */
  before: number;
  after: number;
  /** Seconds between the starts of two clips of the same event name; 0: no limit. */
  atMostEvery: number;
  /** Events whose clips would overlap: one longer clip, or one each. */
  overlap: 'merge' | 'split';
  /** A merged clip ends here at the latest: seconds. */
  longest: number;
  keep?: number;
  maxSize?: number;
  reserve?: number;
}

/** One recording for each run of the gateway: a file that grows, playable at any time. */
export interface FileSpec {
  kind: 'file';
  /** Absolute, with extension .mp4, .mkv or .ts. */
  path: string;
  reserve?: number;
}

/** Pictures as JPEG files. Not the recorder's affair: each has a process of its own that reads the path. */
export interface SnapshotsSpec {
  kind: 'snapshots';
  /** Absolute. */
  dir: string;
  every: { by: 'time'; seconds: number } | { by: 'frames'; frames: number } | { by: 'keyframes' };
  /** 1 to 100. */
  quality: number;
  /** undefined: as the picture. */
  size?: { width: number; height: number };
  /** Name of a file in `dir` that always is the newest picture. */
  latest?: string;
  /** Without extension; {unix}, {utc}, {route} and {seq} stand for values. */
  name: string;
  keep?: number;
  maxSize?: number;
  reserve?: number;
}

export type RecordSpec = SegmentsSpec | ClipsSpec | FileSpec;

/** All that is recorded of one path of the server. */
export interface RecordedPath {
  path: string;
  route: string;
  /** Absolute folder of the ring, below the folder of its first sink; the server writes to `<ring>/<path>/<unix>-<µs>.mp4`. */
  ring: string;
  sinks: RecordSpec[];
  /** Seconds between two key frames, where the route encodes and so decides it. */
  gop?: number;
}

/** First line of the recorder's standard input. */
export interface RecorderJob {
  paths: RecordedPath[];
  ffmpeg: string;
  /** Unix seconds: the gateway's start. */
  since: number;
}

/** Unix seconds in all of them. */
export type RecorderCommand =
  | { type: 'event'; route: string; name: string; data?: unknown; at: number }
  /** A publisher came or went. `reason`: why it went. */
  | { type: 'path'; path: string; online: boolean; at: number; reason?: string }
  /** The server was told to record this path no more: what is open of it ends when this recorder does. */
  | { type: 'over'; path: string }
  /** The media server ended or answers again. */
  | { type: 'server'; up: boolean; at: number; reason?: string };

/** A line of the recorder's standard output. */
export type RecorderReport =
  /**
   * Whether the server is to write this path's ring: not before its folder was looked at, not while the disk is full.
   * `folder`: identity of the folder of rings, so that no other is taken for it.
   */
  | { type: 'record'; path: string; on: true; folder: string }
  | { type: 'record'; path: string; on: false; reason: string }
  | { type: 'segment'; route: string; path: string; from: number; to: number; frames: number; bytes: number }
  | { type: 'gap'; route: string; from: number; to: number; cause: GapCause; reason: string; frames?: number }
  | { type: 'clip'; route: string; path: string; event: string; from: number; to: number }
  | { type: 'removed'; route: string; count: number; bytes: number; why: GoneEntry['why'] }
  | { type: 'figures'; figures: RecorderFigures }
  | { type: 'log'; level: 'info' | 'warn' | 'error'; route?: string; message: string };

/** By route, each second or so; silence of 5 s means that it hangs. */
export type RecorderFigures = Record<
  string,
  {
    /** Since the recorder's start. */
    segments: number;
    clips: number;
    gaps: number;
    /** Bytes of all that the sinks hold. */
    bytes: number;
    /** Bytes free on the disk. */
    free: number;
    /** Unix seconds of the end of the newest packet in the ring. */
    newest?: number;
    recording: boolean;
    reason?: string;
  }
>;
