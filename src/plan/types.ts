/**
 * The plan: plain JSON that says which processes run and how streams flow between them.
 * It is a pure function of the config and of facts, so it can be printed, compared and tested.
 * Private addresses and credentials of the media server are not in it: an argument
 * `{ publish }` or `{ read }` stands for a URL that is filled in when the process starts.
 */
import type { Protocol, ServerConfig } from '../config/config.ts';
import type { HookSpec } from '../hooks/spec.ts';
import type { Tools } from '../kinds/tools.ts';
import type { Media } from '../media.ts';
import type { RecordedPath, SnapshotsSpec } from '../record/types.ts';
import type { VideoEncode } from './codecs.ts';

/** What was seen of the outside world before planning. */
export interface Facts {
  tools: Tools;
  /** By source name; a source that has not answered yet is absent. */
  media: Record<string, Media>;
}

/** The protocol by which one of our own publishers goes into the server. */
export type Ingest = 'srt' | 'rtmp' | 'rtsp';

/** One argument of a command: text, a private URL of the server, or a text that holds such URLs. */
export type Arg =
  | string
  | { publish: string; by: Ingest }
  | { read: string; by: 'rtsp' | 'rtmp' | 'srt' }
  /** The private address at which the worker of this id takes its stream. */
  | { feed: string }
  | { join: Arg[] };

export interface FfmpegUnit {
  id: string;
  kind: 'ffmpeg';
  /** Routes that stop when this unit stops. */
  routes: string[];
  /** Everything after the program's own name and the options that supervision adds. */
  args: Arg[];
  /** Paths that it publishes; it is ready when all of them are online. */
  publishes: string[];
  /** Paths that it reads from the server. */
  reads: string[];
  /** Workers that it feeds: it starts when they listen. */
  feeds?: string[];
  /** Seconds without progress until it is restarted. */
  stall: number;
  /** `once`: a clean end is an end (a file that is not looped). */
  restart: 'always' | 'once';
  /** The source that it reads itself: probed anew when it keeps failing. */
  source?: string;
  /** Why this process exists and what it does with picture and sound, one line each. */
  why: string[];
}

/** Asks a source what it holds, again and again until it answers; then everything is planned anew. */
export interface ProbeUnit {
  id: string;
  kind: 'probe';
  routes: string[];
  source: string;
  /** ffprobe's arguments up to and including the URL. */
  args: Arg[];
  /** Paths that it reads from the server: it waits for these to be online. */
  reads: string[];
  /** false: nothing but a person can change the answer (a file that is not there). */
  network: boolean;
  why: string[];
}

/** Runs a hook: takes a stream, shows its pictures to the hook and publishes them with the untouched sound. */
export interface WorkerUnit {
  id: string;
  kind: 'worker';
  routes: string[];
  hook: HookSpec;
  video: VideoEncode;
  outputs: { publish: string; by: Ingest; select?: 'v' | 'a' }[];
  publishes: string[];
  reads: [];
  /** Seconds of silence, or of input without output, until it is restarted. */
  stall: number;
  why: string[];
}

/** Cuts what the server records of all these paths into segments, clips and files. */
export interface RecorderUnit {
  id: string;
  kind: 'recorder';
  routes: string[];
  paths: RecordedPath[];
  why: string[];
}

/** An ffmpeg that reads a path and hands out pictures of it as JPEG, with their times; we write the files. */
export interface SnapshotUnit {
  id: string;
  kind: 'snapshots';
  routes: string[];
  /** As of an FfmpegUnit. */
  args: Arg[];
  /** The path that it reads. */
  reads: [string];
  sink: SnapshotsSpec;
  /** Seconds without a packet until it is restarted. */
  stall: number;
  why: string[];
}

export type UnitSpec = FfmpegUnit | ProbeUnit | WorkerUnit | RecorderUnit | SnapshotUnit;

/** A track as the server must know it to keep a path readable while its publisher is away. */
export type KnownTrack =
  | { codec: 'H264' | 'H265' | 'AV1' | 'VP9' | 'Opus' }
  | { codec: 'MPEG4Audio'; sampleRate: number; channelCount: number }
  | { codec: 'G711'; sampleRate: number; channelCount: number; muLaw: boolean };

export interface PathSpec {
  name: string;
  route: string;
  /**
   * `unit`: one of our processes publishes it · `pull`: the server fetches it itself ·
   * `public`: a user publishes to it.
   */
  from: { by: 'unit'; unit: string } | { by: 'pull'; source: string; url: string } | { by: 'public' };
  /** Readers stay connected while the publisher is away; null: the tracks are not known, so they can't. */
  alwaysAvailable: KnownTrack[] | null;
  /** Remote servers to which the server copies the path by itself. */
  forward: string[];
  /** The server writes it to this folder, once the recorder says so. */
  record?: { ring: string };
}

export interface RoutePlan {
  name: string;
  from: string;
  paths: string[];
  remotes: string[];
  /** Codecs that readers get. Empty while the source has not answered. */
  tracks: string[];
  /** Decisions that a user may wonder about: why something is transcoded, which readers get less. */
  why: string[];
}

export interface Plan {
  version: 1;
  server: ServerConfig;
  paths: PathSpec[];
  units: UnitSpec[];
  routes: RoutePlan[];
}

export type { Protocol };
