/**
 * `Config`: relay.yaml after validation, with every default filled in, environment variables in
 * place and file names absolute. Plain data; the rest of the gateway reads nothing else.
 */

import type { HookSpec } from '../hooks/spec.ts';
import type { Sink } from '../kinds/sinks/index.ts';
import type { Source } from '../kinds/sources/index.ts';

export type Protocol = 'rtsp' | 'rtmp' | 'hls' | 'webrtc' | 'srt';

/** Where one listener binds. `host` "" is every interface. */
export interface Address {
  host: string;
  port: number;
}

export interface User {
  name: string;
  password: string;
  /** Paths that the user may read: all, or those named. */
  read: true | string[];
  /** Paths that the user may publish to, among those that `publish` sources declare. */
  publish: boolean | string[];
}

export interface ServerConfig {
  driver: 'mediamtx' | 'node-media-server';
  listen: Record<Protocol, Address | false>;
  users: User[];
  /** Configured binary, absolute; undefined: look for one. */
  binary?: string;
}

export interface ToolsConfig {
  ffmpeg?: string;
  ffprobe?: string;
}

/** What is done with one kind of track. `auto`: copy what every sink can carry, transcode what it can't. */
export type VideoSetting =
  | { mode: 'auto' | 'copy' | 'none' }
  | {
      mode: 'encode';
      codec: 'h264' | 'hevc';
      /** Seconds between key frames. */
      gop: number;
      /** Bits per second; undefined: constant quality. */
      bitrate?: number;
      size?: { width: number; height: number };
      fps?: number;
    };

export type AudioSetting =
  | { mode: 'auto' | 'copy' | 'none' }
  | { mode: 'encode'; codec: 'aac' | 'opus'; bitrate?: number; sampleRate?: number; channels?: number };

export interface Route {
  name: string;
  /** A source's name, or another route's. */
  from: string;
  split: boolean;
  video: VideoSetting;
  audio: AudioSetting;
  /** User code that sees the frames of this route. */
  hook?: HookSpec;
  /** Never empty: the route's own path when the file names none. */
  to: Sink[];
}

export interface Config {
  /** Absolute path of relay.yaml. */
  file: string;
  server: ServerConfig;
  tools: ToolsConfig;
  api: { listen: Address | false };
  /** Seconds without media progress after which a unit is restarted. */
  stall: number;
  sources: Record<string, Source>;
  routes: Record<string, Route>;
  /** Values that must never be printed: passwords of URLs and users, and all that came from the environment. */
  secrets: string[];
}
