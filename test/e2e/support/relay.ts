/** The built command, running a relay.yaml of the test's on ports of its own. */
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GatewayStatus, PathStatus, UnitStatus } from '../../../src/observe/state.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { built } from '../../support/relay.ts';
import { type Child, freePorts, type Scope, until } from './process.ts';

/** relay.yaml without `server.*` addresses and `api`, which the harness fills in. */
export interface RelayFile {
  server?: object;
  sources: Record<string, unknown>;
  routes: Record<string, unknown>;
}

export interface RelayOptions {
  args?: string[];
  env?: NodeJS.ProcessEnv;
  /** Wait until the gateway says that it is ready; default true. */
  ready?: boolean;
  timeout?: number;
}

export type Ports = Record<'rtsp' | 'rtmp' | 'hls' | 'webrtc' | 'api', number>;

export interface Relay {
  child(): Child;
  /** relay.yaml. */
  file: string;
  ports: Ports;
  /** "NAME=value" that every process of this gateway has in its environment. */
  marker: string;
  /** performance.now() at the last start. */
  startedAt(): number;
  rtsp(path: string): string;
  rtmp(path: string): string;
  hls(path: string): string;
  page(path: string): string;
  whep(path: string): string;
  status(): Promise<GatewayStatus>;
  plan(): Promise<Plan>;
  unit(id: string): Promise<UnitStatus>;
  path(name: string): Promise<PathStatus>;
  /** Process of a unit; waits until it has one, other than `not`. */
  pidOf(unit: string, not?: number): Promise<number>;
  online(path: string, timeout?: number): Promise<void>;
  /** Writes another relay.yaml in its place, at once. */
  write(file: RelayFile | string): void;
  /** SIGHUP, and waits until the gateway has read the file. */
  reload(): Promise<void>;
  /** SIGTERM, then waits. */
  stop(): Promise<void>;
  /** Starts the same file anew. */
  start(): Promise<void>;
}

const cli = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));

/** The whole file as text. JSON is YAML. */
export function textOf(file: RelayFile, ports: Ports): string {
  const at = (port: number): string => `127.0.0.1:${port}`;
  const addresses = {
    rtsp: at(ports.rtsp),
    rtmp: at(ports.rtmp),
    hls: at(ports.hls),
    webrtc: at(ports.webrtc),
  };
  const whole = { ...file, server: { ...addresses, ...file.server }, api: { listen: at(ports.api) } };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

export async function startRelay(s: Scope, content: RelayFile, options: RelayOptions = {}): Promise<Relay> {
  await built();
  const [rtsp, rtmp, hls, webrtc, api] = (await freePorts(5)) as [number, number, number, number, number];
  const ports = { rtsp, rtmp, hls, webrtc, api };
  const dir = mkdtempSync(join(s.dir, 'relay-'));
  const file = join(dir, 'relay.yaml');
  // The gateway cleans the environment of its children: of unknown names only those like LC_* stay.
  const marker = `LC_RELAY_TEST=${process.pid}-${api}`;
  const write = (next: RelayFile | string): void => {
    writeFileSync(`${file}.part`, typeof next === 'string' ? next : textOf(next, ports));
    renameSync(`${file}.part`, file);
  };
  write(content);

  let child: Child;
  let startedAt = 0;
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${api}${path}`);
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const status = (): Promise<GatewayStatus> => get('/v1/status');
  const start = async (): Promise<void> => {
    startedAt = performance.now();
    const [name, value] = marker.split('=') as [string, string];
    child = s.spawn(process.execPath, [cli, 'run', file, '--log', 'json', ...(options.args ?? [])], {
      name: 'relay',
      cwd: dir,
      env: { ...process.env, ...options.env, [name]: value },
    });
    if (options.ready === false) return;
    await until(
      async () => {
        if (child.exit() !== undefined) return true;
        return (await status()).ready;
      },
      { timeout: options.timeout ?? 30_000, every: 50, what: 'the gateway to be ready' },
    ).catch(async (error: unknown) => {
      const seen = await status().then(JSON.stringify, String);
      throw new Error(`${String(error)}\n${seen}\n${child.output().slice(-4000)}`);
    });
    if (child.exit() !== undefined) throw new Error(`relay run ended: ${child.output().slice(-4000)}`);
  };
  const unit = async (id: string): Promise<UnitStatus> => {
    const { units } = await status();
    const found = units.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no unit ${id} among ${units.map((one) => one.id).join(', ')}`);
    return found;
  };
  const path = async (name: string): Promise<PathStatus> => {
    const { paths } = await status();
    const found = paths.find((one) => one.name === name);
    if (found === undefined)
      throw new Error(`no path ${name} among ${paths.map((one) => one.name).join(', ')}`);
    return found;
  };
  // The children of the gateway are in groups of their own: it takes them along only if it ends by itself.
  s.defer(async () => {
    await child.stop(10_000);
  });
  await start();
  return {
    child: () => child,
    file,
    ports,
    marker,
    startedAt: () => startedAt,
    rtsp: (name) => `rtsp://127.0.0.1:${rtsp}/${name}`,
    rtmp: (name) => `rtmp://127.0.0.1:${rtmp}/${name}`,
    hls: (name) => `http://127.0.0.1:${hls}/${name}/index.m3u8`,
    page: (name) => `http://127.0.0.1:${webrtc}/${name}`,
    whep: (name) => `whep://127.0.0.1:${webrtc}/${name}/whep`,
    status,
    plan: () => get('/v1/plan'),
    unit,
    path,
    pidOf: (id, not) =>
      until(
        async () => {
          const { pid } = await unit(id);
          return pid === not ? undefined : pid;
        },
        { what: `unit ${id} to have a process` },
      ),
    async online(name, timeout = 20_000) {
      await until(async () => (await path(name)).online, { timeout, what: `path ${name} to be online` });
    },
    write,
    async reload() {
      const response = await fetch(`http://127.0.0.1:${api}/v1/reload`, { method: 'POST' });
      if (!response.ok) throw new Error(`reload: HTTP ${response.status} ${await response.text()}`);
    },
    async stop() {
      await child.stop(10_000);
    },
    start,
  };
}
