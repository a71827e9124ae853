/** A plain MediaMTX: the other end of a test (a camera, a remote server, a WebRTC client), or the thing to compare with. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ffmpegPath, mediamtxPath } from './binaries.ts';
import { type Child, freePorts, type Scope, until } from './process.ts';

export interface PathState {
  name: string;
  online: boolean;
  tracks: string[];
  readers: number;
  bytesIn: number;
}

export interface MediaServer {
  child(): Child;
  ports: Record<'rtsp' | 'rtmp' | 'hls' | 'webrtc' | 'srt' | 'api', number>;
  rtsp(path: string): string;
  rtmp(path: string): string;
  hls(path: string): string;
  /** For a reader. */
  srt(path: string): string;
  srtPublish(path: string): string;
  /** The page that plays it in a browser. */
  page(path: string): string;
  whep(path: string): string;
  path(name: string): Promise<PathState | undefined>;
  online(name: string, timeout?: number): Promise<void>;
  /** kill -9, as by a power cut. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface MediaServerOptions {
  /** As in mediamtx.yml; every path is allowed when it is left out. */
  paths?: Record<string, object>;
  /** Further settings of mediamtx.yml. */
  settings?: object;
}

export async function startMediaServer(s: Scope, options: MediaServerOptions = {}): Promise<MediaServer> {
  const [rtsp, rtmp, hls, webrtc, srt, api, udp] = (await freePorts(7)) as [
    ...[number, number, number, number, number, number, number],
  ];
  const host = '127.0.0.1';
  const settings = {
    logLevel: 'info',
    logDestinations: ['stdout'],
    api: true,
    apiAddress: `${host}:${api}`,
    rtspAddress: `${host}:${rtsp}`,
    rtspTransports: ['tcp'],
    rtmpAddress: `${host}:${rtmp}`,
    hlsAddress: `${host}:${hls}`,
    hlsVariant: 'mpegts',
    hlsAlwaysRemux: false,
    webrtcAddress: `${host}:${webrtc}`,
    webrtcLocalUDPAddress: `${host}:${udp}`,
    webrtcIPsFromInterfaces: false,
    webrtcAdditionalHosts: [host],
    srtAddress: `${host}:${srt}`,
    moq: false,
    paths: options.paths ?? { all_others: {} },
    ...options.settings,
  };
  // JSON is YAML.
  const file = join(s.dir, `mediamtx-${api}.yml`);
  writeFileSync(file, JSON.stringify(settings));
  let child: Child;
  const path = async (name: string): Promise<PathState | undefined> => {
    const response = await fetch(`http://${host}:${api}/v3/paths/get/${name}`);
    if (!response.ok) return undefined;
    const body = (await response.json()) as {
      name: string;
      online: boolean;
      tracks: string[];
      readers: unknown[];
      inboundBytes: number;
    };
    const { online, tracks, readers, inboundBytes } = body;
    return { name, online, tracks, readers: readers.length, bytesIn: inboundBytes };
  };
  const start = async (): Promise<void> => {
    child = s.spawn(await mediamtxPath(), [file], { name: 'mediamtx', cwd: s.dir });
    await until(async () => (await fetch(`http://${host}:${api}/v3/info`)).ok, {
      what: `MediaMTX to start: ${child.output()}`,
      every: 25,
    });
  };
  await start();
  return {
    child: () => child,
    ports: { rtsp, rtmp, hls, webrtc, srt, api },
    rtsp: (name) => `rtsp://${host}:${rtsp}/${name}`,
    rtmp: (name) => `rtmp://${host}:${rtmp}/${name}`,
    hls: (name) => `http://${host}:${hls}/${name}/index.m3u8`,
    srt: (name) => `srt://${host}:${srt}?streamid=read:${name}`,
    srtPublish: (name) => `srt://${host}:${srt}?streamid=publish:${name}&latency=20000`,
    page: (name) => `http://${host}:${webrtc}/${name}`,
    whep: (name) => `whep://${host}:${webrtc}/${name}/whep`,
    path,
    async online(name, timeout = 15_000) {
      await until(async () => (await path(name))?.online, { timeout, what: `path ${name} to be online` });
    },
    start,
    async kill() {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}

export type PublishBy = 'rtsp' | 'rtmp' | 'srt' | 'srt-defaults';

/** MPEG-TS that keeps one clock and flows at once. */
export const tsArgs = [
  ...['-pes_payload_size', '0', '-omit_video_pes_length', '0', '-muxdelay', '0', '-muxpreload', '0'],
  ...['-flush_packets', '1', '-f', 'mpegts'],
];

/** Plays a file in a loop, in real time, to a path of a plain server: the bare command that users type. */
export function publishFile(
  s: Scope,
  file: string,
  to: { server: MediaServer; path: string; by: PublishBy },
  codecArgs: string[] = ['-c', 'copy'],
): Child {
  const { server, path, by } = to;
  const output = {
    rtsp: ['-f', 'rtsp', '-rtsp_transport', 'tcp', server.rtsp(path)],
    rtmp: ['-f', 'flv', server.rtmp(path)],
    srt: [...tsArgs, server.srtPublish(path)],
    'srt-defaults': ['-f', 'mpegts', server.srtPublish(path)],
  }[by];
  const input = ['-nostdin', '-loglevel', 'warning', '-re', '-stream_loop', '-1', '-i', file];
  return s.spawn(ffmpegPath(), [...input, ...codecArgs, ...output], { name: `publish ${path}` });
}

/** Pulls one address and publishes it to a path, packets untouched. */
export function republish(
  s: Scope,
  from: string,
  to: { server: MediaServer; path: string; by: 'rtmp' | 'srt' },
): Child {
  const output =
    to.by === 'rtmp' ? ['-f', 'flv', to.server.rtmp(to.path)] : [...tsArgs, to.server.srtPublish(to.path)];
  const input = ['-nostdin', '-loglevel', 'warning', '-rtsp_transport', 'tcp', '-i', from];
  return s.spawn(ffmpegPath(), [...input, '-c', 'copy', ...output], { name: `republish ${to.path}` });
}
