/** `relay doctor`: looks at everything that a gateway needs and names a remedy for each lack. Changes nothing. */
import { createSocket } from 'node:dgram';
import { statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { Address, Config } from '../config/config.ts';
import { messageOf, RelayError } from '../errors.ts';
import { ask, type Binary, which } from './binary.ts';
import { type Env, isRecord } from './cache.ts';
import { type Ffmpeg, findFfmpeg, findFfprobe, lacking } from './ffmpeg.ts';
import { findMediamtx } from './mediamtx.ts';

export interface Finding {
  name: string;
  /** missing: the gateway can't run without it. */
  state: 'ok' | 'warn' | 'missing';
  detail: string;
  remedy?: string;
}

export interface DoctorOptions {
  env: Env;
  /** What relay.yaml says, when there is one. */
  config?: Config | undefined;
  nodeVersion?: string;
}

const leastNode = [20, 19] as const;
const leastDisk = 1e9;

export async function examine({
  env,
  config,
  nodeVersion = process.versions.node,
}: DoctorOptions): Promise<Finding[]> {
  const programs = await Promise.all([examineFfmpeg(env, config), examineMediamtx(env, config)]);
  return [
    examineNode(nodeVersion),
    ...programs.flat(),
    examineLibav(config),
    ...(process.platform === 'linux' ? [await examineSetpriv(env)] : []),
    ...(config ? await examinePorts(config) : []),
    await examineDisk(config ? dirname(config.file) : process.cwd()),
  ];
}

function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const fit = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  if (fit) return { name: 'node', state: 'ok', detail: version };
  const needed = `${leastNode.join('.')} or newer`;
  return {
    name: 'node',
    state: 'missing',
    detail: `${version} is too old`,
    remedy: `install Node.js ${needed}`,
  };
}

async function examineFfmpeg(env: Env, config: Config | undefined): Promise<Finding[]> {
  const findings: Finding[] = [];
  let ffmpeg: Ffmpeg | undefined;
  try {
    ffmpeg = await findFfmpeg({ configured: config?.tools.ffmpeg, env });
    findings.push(found('ffmpeg', ffmpeg), ...(await abilities(ffmpeg, env)));
  } catch (error) {
    findings.push(lost('ffmpeg', error));
  }
  try {
    const probe = { configured: config?.tools.ffprobe, env, ffmpeg: ffmpeg?.path };
    findings.push(found('ffprobe', await findFfprobe(probe)));
  } catch (error) {
    findings.push(lost('ffprobe', error));
  }
  return findings;
}

async function abilities({ path, tools }: Ffmpeg, env: Env): Promise<Finding[]> {
  const lacks = lacking(tools);
  const remedy = 'install a full build of ffmpeg';
  const findings: Finding[] = [
    lacks.length === 0
      ? { name: 'ffmpeg can', state: 'ok', detail: 'libx264, aac, libopus, srt, drawtext' }
      : { name: 'ffmpeg can', state: 'warn', detail: `lacks ${lacks.join('; lacks ')}`, remedy },
  ];
  if (tools.ffmpeg.filters.includes('drawtext')) findings.push(await examineFont(path, env));
  return findings;
}

/** Only drawing tells: whether a font is found depends on how ffmpeg was built. */
async function examineFont(path: string, env: Env): Promise<Finding> {
  const picture = ['-f', 'lavfi', '-i', 'color=s=32x32', '-vf', 'drawtext=text=x', '-frames:v', '1'];
  try {
    await ask(path, ['-hide_banner', '-loglevel', 'error', ...picture, '-f', 'null', '-'], env);
    return { name: 'font', state: 'ok', detail: 'drawtext finds one' };
  } catch {
    const remedy = 'install a font, e.g. the package fonts-dejavu-core';
    return { name: 'font', state: 'warn', detail: 'drawtext finds none: no clock in test pictures', remedy };
  }
}

async function examineMediamtx(env: Env, config: Config | undefined): Promise<Finding[]> {
  if (config && config.server.driver !== 'mediamtx') return [];
  try {
    const binary = await findMediamtx({ configured: config?.server.binary, env });
    const finding = found('mediamtx', binary);
    return [{ ...finding, detail: `${finding.detail}, SHA-256 ${binary.sum.slice(0, 16)}…` }];
  } catch (error) {
    return [lost('mediamtx', error)];
  }
}

/** Only hooks need it: without one it is no lack. */
function examineLibav(config: Config | undefined): Finding {
  const name = 'node-av';
  try {
    const path = createRequire(import.meta.url).resolve(name);
    return { name, state: 'ok', detail: `for frame hooks (${dirname(path)})` };
  } catch {
    const hooked = Object.values(config?.routes ?? {}).some((route) => route.hook);
    return {
      name,
      state: hooked ? 'missing' : 'warn',
      detail: 'not installed: routes with a hook can not run',
      remedy: 'npm install node-av@6.1.1 (Linux with glibc, macOS, Windows)',
    };
  }
}

async function examineSetpriv(env: Env): Promise<Finding> {
  const path = await which('setpriv', env);
  if (path) return { name: 'setpriv', state: 'ok', detail: path };
  const detail = 'not on PATH: if the gateway is killed with SIGKILL its children end later';
  return { name: 'setpriv', state: 'warn', detail, remedy: 'install the package util-linux' };
}

/** Whether each listener of relay.yaml could be opened now. */
export async function examinePorts(config: Pick<Config, 'server' | 'api'>): Promise<Finding[]> {
  if (config.api.listen !== false && (await isGateway(config.api.listen))) {
    return [{ name: 'ports', state: 'ok', detail: 'in use by the gateway that is running' }];
  }
  const listeners = Object.entries({ ...config.server.listen, api: config.api.listen });
  const findings: Finding[] = [];
  for (const [name, address] of listeners) {
    if (address === false) continue;
    const where = authority(address);
    const problem = await (name === 'srt' ? tryUdp(address) : tryTcp(address));
    if (problem === undefined)
      findings.push({ name: `${name} port`, state: 'ok', detail: `${where} is free` });
    else {
      const remedy = 'stop the other program or set another address in relay.yaml';
      findings.push({ name: `${name} port`, state: 'missing', detail: `${where}: ${problem}`, remedy });
    }
  }
  return findings;
}

function authority({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host || '*'}:${port}`;
}

async function isGateway(address: Address): Promise<boolean> {
  try {
    const url = `http://${authority(address)}/v1/health/live`;
    const answer: unknown = await (await fetch(url, { signal: AbortSignal.timeout(1000) })).json();
    return isRecord(answer) && answer.live === true;
  } catch {
    return false;
  }
}

function tryTcp({ host, port }: Address): Promise<string | undefined> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => done(explain(error)));
    server.listen({ port, exclusive: true, ...(host ? { host } : {}) }, () =>
      server.close(() => done(undefined)),
    );
  });
}

function tryUdp({ host, port }: Address): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => done(explain(error)));
    socket.bind({ port, exclusive: true, ...(host ? { address: host } : {}) }, () =>
      socket.close(() => done(undefined)),
    );
  });
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'in use';
  if (error.code === 'EACCES') return 'not allowed: ports below 1024 need root';
  if (error.code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  return error.message;
}

async function examineDisk(folder: string): Promise<Finding> {
  const info = await statfs(folder);
  const free = info.bavail * info.bsize;
  const detail = `${(free / 1e9).toFixed(1)} GB free in ${folder}`;
  if (free >= leastDisk) return { name: 'disk', state: 'ok', detail };
  return { name: 'disk', state: 'warn', detail, remedy: 'make room: recordings and the set-up need some' };
}

function found(name: string, { version, path, from, warnings }: Binary): Finding {
  const detail = `${version} at ${path} (${from})`;
  if (warnings.length === 0) return { name, state: 'ok', detail };
  return {
    name,
    state: 'warn',
    detail: [detail, ...warnings].join('; '),
    remedy: 'correct the setting or the variable',
  };
}

function lost(name: string, error: unknown): Finding {
  const remedy = error instanceof RelayError ? error.hint : 'relay install';
  return { name, state: 'missing', detail: messageOf(error), remedy };
}

/** For people: one line each, problems with their remedy below. */
export function print(findings: readonly Finding[]): string {
  const mark = { ok: 'ok  ', warn: 'WARN', missing: 'FAIL' };
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings
    .map(({ name, state, detail, remedy }) => {
      const indent = ' '.repeat(width + 6);
      const text = detail.replaceAll('\n', `\n${indent}`);
      return `${mark[state]}  ${name.padEnd(width)}  ${text}${remedy ? `\n${indent}  → ${remedy}` : ''}\n`;
    })
    .join('');
}
