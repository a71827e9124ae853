/** A supervisor with real or fake programs, and eyes to see what it does. */
import { EventEmitter, once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import type { ServerConfig } from '../../src/config/config.ts';
import { silentLog } from '../../src/observe/log.ts';
import { createRedactor } from '../../src/observe/redact.ts';
import type { GatewayEvent, UnitStatus } from '../../src/observe/state.ts';
import type { FfmpegUnit, PathSpec, Plan, UnitSpec } from '../../src/plan/types.ts';
import { Supervisor, type SupervisorOptions } from '../../src/units/supervisor.ts';

export const MEDIAMTX = process.env['MEDIAMTX_PATH'] ?? 'mediamtx';

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export async function serverSpec(change: Partial<ServerConfig> = {}): Promise<ServerConfig> {
  return {
    driver: 'mediamtx',
    listen: {
      rtsp: { host: '127.0.0.1', port: await freePort() },
      rtmp: false,
      hls: false,
      webrtc: false,
      srt: false,
    },
    users: [],
    ...change,
  };
}

export function ffmpegUnit(change: Partial<FfmpegUnit> & { id: string }): FfmpegUnit {
  return {
    kind: 'ffmpeg',
    routes: [change.id],
    args: [],
    publishes: [],
    reads: [],
    stall: 5,
    restart: 'always',
    why: [],
    ...change,
  };
}

/** A generated stream that goes to a path of the unit's own name. */
export function barsUnit(id: string, change: Partial<FfmpegUnit> = {}): FfmpegUnit {
  return ffmpegUnit({
    id,
    args: [
      ...[
        '-re',
        '-f',
        'lavfi',
        '-i',
        'testsrc=size=160x120:rate=25',
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
      ],
      ...['-tune', 'zerolatency', '-g', '25', '-pix_fmt', 'yuv420p', '-threads', '1'],
      ...[
        '-muxdelay',
        '0',
        '-muxpreload',
        '0',
        '-pes_payload_size',
        '0',
        '-flush_packets',
        '1',
        '-f',
        'mpegts',
      ],
      { publish: id, by: 'srt' },
    ],
    publishes: [id],
    ...change,
  });
}

export function barsPath(name: string, change: Partial<PathSpec> = {}): PathSpec {
  return {
    name,
    route: name,
    from: { by: 'unit', unit: name },
    alwaysAvailable: [{ codec: 'H264' }],
    forward: [],
    ...change,
  };
}

export function planOf(server: ServerConfig, units: UnitSpec[], paths: PathSpec[] = []): Plan {
  return { version: 1, server, units, paths, routes: [] };
}

export class Watched {
  readonly supervisor: Supervisor;
  readonly events: GatewayEvent[] = [];
  readonly #emitter = new EventEmitter();

  constructor(options: Partial<SupervisorOptions> = {}) {
    this.#emitter.setMaxListeners(0);
    this.supervisor = new Supervisor({
      binaries: { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', server: MEDIAMTX },
      log: silentLog(),
      redact: createRedactor(),
      onMedia: () => {},
      ...options,
      onEvent: (event) => {
        this.events.push(event);
        this.#emitter.emit('event');
        options.onEvent?.(event);
      },
    });
  }

  unit(id: string): UnitStatus {
    const found = this.supervisor.status().units.find((unit) => unit.id === id);
    if (found === undefined) throw new Error(`no unit ${id}`);
    return found;
  }

  /** Resolves when the condition holds; checked at each event, and often, for figures make no events. */
  async until(what: string, holds: () => boolean, limit = 20_000): Promise<void> {
    const deadline = performance.now() + limit;
    while (!holds()) {
      if (performance.now() > deadline) {
        throw new Error(
          `not within ${limit} ms: ${what}\n${JSON.stringify(this.supervisor.status(), null, 1)}`,
        );
      }
      await Promise.race([once(this.#emitter, 'event'), new Promise((resolve) => setTimeout(resolve, 20))]);
    }
  }

  untilState(id: string, state: UnitStatus['state'], limit?: number): Promise<void> {
    return this.until(`${id} is ${state}`, () => this.unit(id).state === state, limit);
  }
}

/** Our own living children (not zombies). */
export function children(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => read(`/proc/${pid}/status`).includes(`\nPPid:\t${process.pid}\n`))
    .filter(alive);
}

export function alive(pid: number): boolean {
  const state = /^State:\s+(\S)/m.exec(read(`/proc/${pid}/status`))?.[1];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

export async function until(what: string, holds: () => boolean, limit = 10_000): Promise<void> {
  const deadline = performance.now() + limit;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${limit} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
