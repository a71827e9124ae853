/** A camera for tests: an RTSP server with honest time stamps and sender reports that plays a clip. */
import { startLateVideoProxy } from './late-video-proxy.ts';
import { type MediaServer, publishFile, startMediaServer } from './mediamtx.ts';
import type { Child, Scope } from './process.ts';

export interface Camera {
  /** What a gateway pulls. */
  url: string;
  server: MediaServer;
  /** Power cut: kill -9, connections end. */
  kill(): Promise<void>;
  /** Power is back; resolves when it can be read. */
  start(): Promise<void>;
  /** Hangs with its connections open. */
  freeze(): void;
  thaw(): void;
  /** Frames that the proxy held back. */
  held(): number;
}

/** `lateVideoMs`: its picture leaves that much later than its sound, though both carry the right time. */
export async function startCamera(
  s: Scope,
  file: string,
  options: { lateVideoMs?: number; codecArgs?: string[]; by?: 'rtmp' | 'srt' } = {},
): Promise<Camera> {
  const server = await startMediaServer(s);
  // RTMP gives the most honest sender reports (within 1 ms), SRT is there sooner (within 6 ms).
  const publish = (): Child =>
    publishFile(s, file, { server, path: 'stream', by: options.by ?? 'rtmp' }, options.codecArgs);
  let publisher = publish();
  await server.online('stream');
  const proxy =
    options.lateVideoMs === undefined
      ? undefined
      : await startLateVideoProxy(s, { serverPort: server.ports.rtsp, delayMs: options.lateVideoMs });
  return {
    url: `rtsp://127.0.0.1:${proxy?.port ?? server.ports.rtsp}/stream`,
    server,
    held: () => proxy?.held() ?? 0,
    async kill() {
      publisher.kill('SIGKILL');
      await server.kill();
      await publisher.exited;
    },
    async start() {
      await server.start();
      publisher = publish();
      await server.online('stream');
    },
    freeze() {
      publisher.kill('SIGSTOP');
      server.child().kill('SIGSTOP');
    },
    thaw() {
      server.child().kill('SIGCONT');
      publisher.kill('SIGCONT');
    },
  };
}
