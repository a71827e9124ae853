/** What is decided when the gateway runs and never stands in a plan: private ports, credentials, the URLs made of them. */
import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import net from 'node:net';
import type { Address, Protocol, ServerConfig } from '../config/config.ts';
import { RelayError } from '../errors.ts';
import { reachableAddress } from '../plan/print-address.ts';
import type { Arg, Plan } from '../plan/types.ts';

export interface Credentials {
  user: string;
  password: string;
}

/** Who may do what in the server, new at each start of the gateway. */
export interface Secrets {
  /** Our publishers and readers. */
  media: Credentials;
  /** The control API. */
  control: Credentials;
}

export interface Runtime {
  secrets: Secrets;
  /** Port of the control API. */
  api: number;
  /** UDP port of WebRTC's media on a loopback server. */
  webrtcMedia: number;
  /** Where each protocol really listens: as configured, or privately because one of our processes needs it. */
  listen: Record<Protocol, Address | false>;
}

export function createSecrets(): Secrets {
  const credentials = (name: string): Credentials => ({
    user: `relay-gw-${name}`,
    password: randomBytes(24).toString('hex'),
  });
  return { media: credentials('media'), control: credentials('control') };
}

/**
 * Protocols that our own processes speak to the server. SRT always: the first publisher, planned when its
 * source has answered, must not cost a restart of the server.
 */
export function needs(plan: Plan): Set<Protocol> {
  const found = new Set<Protocol>(['srt']);
  for (const unit of plan.units) {
    if (unit.kind === 'recorder') continue;
    if (unit.kind === 'worker') for (const output of unit.outputs) found.add(output.by);
    else for (const arg of unit.args.flatMap(leaves)) if (typeof arg === 'object') found.add(arg.by);
  }
  return found;
}

/** What speaks to the server; a feed goes from process to process. */
type Leaf = Exclude<Arg, { join: Arg[] } | { feed: string }>;

function leaves(arg: Arg): Leaf[] {
  if (typeof arg === 'string') return [arg];
  if ('join' in arg) return arg.join.flatMap(leaves);
  return 'feed' in arg ? [] : [arg];
}

/** Fresh ports for one start of the server. */
export async function createRuntime(plan: Plan, secrets: Secrets): Promise<Runtime> {
  const { listen } = plan.server;
  const needed = plan.server.driver === 'node-media-server' ? new Set<Protocol>(['rtmp']) : needs(plan);
  const privately = async (protocol: Protocol): Promise<Address | false> => {
    if (!needed.has(protocol)) return false;
    return { host: '127.0.0.1', port: await (protocol === 'srt' ? freeUdpPort() : freeTcpPort()) };
  };
  return {
    secrets,
    api: await freeTcpPort(),
    webrtcMedia: await freeUdpPort(),
    listen: {
      ...listen,
      rtsp: listen.rtsp || (await privately('rtsp')),
      rtmp: listen.rtmp || (await privately('rtmp')),
      srt: listen.srt || (await privately('srt')),
    },
  };
}

/** The text of one argument for a process that starts now. */
export function resolveArg(
  arg: Arg,
  runtime: Runtime,
  driver: ServerConfig['driver'],
  feed: (worker: string) => string | undefined = () => undefined,
): string {
  if (typeof arg === 'string') return arg;
  if ('join' in arg) return arg.join.map((part) => resolveArg(part, runtime, driver, feed)).join('');
  if ('feed' in arg) {
    const url = feed(arg.feed);
    if (url === undefined) throw new RelayError('RELAY_STATE', `${arg.feed} does not take a stream`);
    return url;
  }
  const path = 'publish' in arg ? arg.publish : arg.read;
  const { user, password } = runtime.secrets.media;
  if (driver === 'node-media-server') {
    return `rtmp://${dial(runtime, 'rtmp')}/live/${nmsStream(path)}?user=${user}&pass=${password}`;
  }
  const where = dial(runtime, arg.by);
  switch (arg.by) {
    case 'srt': {
      const verb = 'publish' in arg ? 'publish' : 'read';
      // ffmpeg counts the latency in microseconds; loopback needs no more than this
      return `srt://${where}?streamid=${verb}:${path}:${user}:${password}&latency=20000&pkt_size=1316`;
    }
    case 'rtmp':
      return `rtmp://${where}/${path}?user=${user}&pass=${password}`;
    case 'rtsp':
      return `rtsp://${user}:${password}@${where}/${path}`;
  }
}

/** node-media-server allows fewer signs in a stream's name than a path may have. */
export function nmsStream(path: string): string {
  return path.replace(/[^A-Za-z0-9_-]/g, '_');
}

export function isLoopback(address: Address): boolean {
  return /^(127\.|::1$|localhost$)/i.test(address.host);
}

/** How we reach a listener of our own server. */
function dial(runtime: Runtime, protocol: Protocol): string {
  const address = runtime.listen[protocol];
  if (address === false) throw new RelayError('RELAY_STATE', `the server does not listen for ${protocol}`);
  return reachableAddress(address);
}

function freeTcpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
