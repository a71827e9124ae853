/**
 * The media server's own configuration. Pure: Plan + Runtime → object. All of its listeners are on
 * every interface unless told otherwise, so each is named here, on or off.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Address, User } from '../config/config.ts';
import { formatAddress } from '../plan/print-address.ts';
import type { PathSpec, Plan } from '../plan/types.ts';
import { isLoopback, type Runtime } from './runtime.ts';

type Json = Record<string, unknown>;

const LOOPBACK = ['127.0.0.1', '::1'];

/** @param rings by path: where it records from the start */
export function serverConfig(
  plan: Plan,
  runtime: Runtime,
  rings: ReadonlyMap<string, string> = new Map(),
): Json {
  return {
    logLevel: 'info',
    logStructured: true,
    logDestinations: ['stdout'],
    readTimeout: '10s',
    // Frames kept for a reader that falls behind; the double of the default rides out a key frame over Wi-Fi.
    writeQueueSize: 1024,
    api: true,
    apiAddress: `127.0.0.1:${runtime.api}`,
    apiAllowOrigins: [],
    metrics: false,
    pprof: false,
    playback: false,
    moq: false,
    ...listeners(runtime),
    authMethod: 'internal',
    authInternalUsers: serverUsers(plan, runtime),
    paths: Object.fromEntries(
      plan.paths.map((spec) => [spec.name, pathConfig(spec, { ring: rings.get(spec.name) })]),
    ),
  };
}

/**
 * @param options.nonce a change of it makes the server start the path anew, though nothing else differs
 * @param options.ring where to record it; undefined: it is not recorded now
 */
export function pathConfig(
  spec: PathSpec,
  { nonce = 0, ring }: { nonce?: number; ring?: string | undefined } = {},
): Json {
  const { from } = spec;
  return {
    ...(from.by === 'pull'
      ? {
          source: from.url,
          rtspTransport: 'tcp',
          sourceOnDemand: false,
          sourceOnDemandCloseAfter: `${10 + nonce}s`,
        }
      : { source: 'publisher', overridePublisher: true }),
    ...(spec.alwaysAvailable === null
      ? {}
      : { alwaysAvailable: true, alwaysAvailableTracks: spec.alwaysAvailable }),
    ...hotConfig(spec, ring),
  };
}

/** The part of a path that changes without cutting anybody. */
export function hotConfig({ forward }: PathSpec, ring: string | undefined): Json {
  return {
    forward: forward.map((url) => ({ dest: forwardTo(url) })),
    ...(ring !== undefined && recordConfig(ring)),
  };
}

/** Into files of a few seconds, part by part, so that a crash costs half a second. The recorder removes them. */
function recordConfig(ring: string): Json {
  return {
    record: true,
    recordPath: `${ring}/%path/%s-%f`,
    recordFormat: 'fmp4',
    recordPartDuration: '500ms',
    recordSegmentDuration: '4s',
    recordDeleteAfter: '0s',
  };
}

/** The server wants an RTMP stream key apart from the application: `rtmp://host/app/key` → `rtmp://host/app#key`. */
export function forwardTo(url: string): string {
  const parts = /^(rtmps?:\/\/[^/]+\/[^?#]+)\/([^/?#]+(?:\?.*)?)$/.exec(url);
  return parts ? `${parts[1]}#${parts[2]}` : url;
}

function listeners(runtime: Runtime): Json {
  const { rtsp, rtmp, hls, webrtc, srt } = runtime.listen;
  return {
    rtsp: rtsp !== false,
    ...(rtsp === false ? {} : { rtspAddress: formatAddress(rtsp), rtspTransports: ['tcp'] }),
    rtmp: rtmp !== false,
    ...(rtmp === false ? {} : { rtmpAddress: formatAddress(rtmp) }),
    hls: hls !== false,
    // VLC 3 stands still on a low-latency playlist; who wants less delay than this has WebRTC.
    ...(hls === false ? {} : { hlsAddress: formatAddress(hls), hlsAllowOrigins: [], hlsVariant: 'fmp4' }),
    webrtc: webrtc !== false,
    ...(webrtc === false ? {} : webrtcConfig(webrtc, runtime)),
    srt: srt !== false,
    ...(srt === false ? {} : { srtAddress: formatAddress(srt) }),
  };
}

function webrtcConfig(address: Address, runtime: Runtime): Json {
  const media = isLoopback(address)
    ? {
        webrtcLocalUDPAddress: `127.0.0.1:${runtime.webrtcMedia}`,
        webrtcIPsFromInterfaces: false,
        webrtcAdditionalHosts: ['127.0.0.1'],
      }
    : { webrtcLocalUDPAddress: ':8189', webrtcIPsFromInterfaces: true };
  return { webrtcAddress: formatAddress(address), webrtcAllowOrigins: [], ...media };
}

/** Matched in this order; the first one that fits decides. */
export function serverUsers(plan: Plan, runtime: Runtime): Json[] {
  const { media, control } = runtime.secrets;
  // A process of ours that dials a listener on one address of this machine comes from that address.
  const own = Object.values(runtime.listen).flatMap((address) => (address === false ? [] : [address.host]));
  const ips = [
    ...new Set([
      ...LOOPBACK,
      ...own.filter((host) => isIP(host) !== 0 && host !== '0.0.0.0' && host !== '::'),
    ]),
  ];
  const open = plan.paths.filter((path) => path.from.by === 'public').map((path) => path.name);
  return [
    { user: media.user, pass: media.password, ips, permissions: [{ action: 'publish' }, { action: 'read' }] },
    { user: control.user, pass: control.password, ips: LOOPBACK, permissions: [{ action: 'api' }] },
    ...(plan.server.users.length > 0
      ? plan.server.users.map((user) => configured(user, open))
      : [{ user: 'any', ips, permissions: [{ action: 'read' }, ...publishTo(open)] }]),
  ];
}

function configured(user: User, open: string[]): Json {
  const named = Array.isArray(user.publish) ? user.publish : user.publish ? open : [];
  const publish = open.filter((path) => named.includes(path));
  return {
    user: credential(user.name),
    pass: credential(user.password),
    ips: [],
    permissions: [
      ...(user.read === true ? [{ action: 'read' }] : allow('read', user.read)),
      ...publishTo(publish),
    ],
  };
}

function publishTo(paths: string[]): Json[] {
  return allow('publish', paths);
}

/** An empty path would mean all of them, so no path is no permission. */
function allow(action: string, paths: string[]): Json[] {
  if (paths.length === 0) return [];
  const exact = paths.map((path) => path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return [{ action, path: `~^(${exact})$` }];
}

/** Signs that the server takes in a plain credential; others only pass as a hash. */
function credential(text: string): string {
  if (/^[A-Za-z0-9!$()*+.;<=>[\]^_\-{}@#&]+$/.test(text)) return text;
  return `sha256:${createHash('sha256').update(text).digest('base64')}`;
}
