/** What the embedded media server is told. Pure: Plan + Runtime → plain data, read by nms-child.ts. */
import type { Address, User } from '../config/config.ts';
import type { Plan } from '../plan/types.ts';
import { nmsStream, type Runtime, type Secrets } from './runtime.ts';

export interface NmsConfig {
  rtmp: Address;
  /** HTTP-FLV, on the address that is configured for HLS. */
  http: Address | false;
  /** Port of the status API, in the shape of MediaMTX's. */
  api: number;
  secrets: Secrets;
  /** Stream name → path. */
  streams: Record<string, string>;
  /** Streams that may be published from outside: by anybody where no users are named, else by those who have the right. */
  open: string[];
  users: User[];
  /** Its own store; the private folder of this start. */
  dir: string;
}

export function nmsStreams(plan: Plan): NmsConfig['streams'] {
  return Object.fromEntries(plan.paths.map((path) => [nmsStream(path.name), path.name]));
}

export function nmsConfig(plan: Plan, runtime: Runtime, dir: string): NmsConfig {
  return {
    rtmp: runtime.listen.rtmp as Address,
    http: runtime.listen.hls,
    api: runtime.api,
    secrets: runtime.secrets,
    streams: nmsStreams(plan),
    open: plan.paths.filter((path) => path.from.by === 'public').map((path) => nmsStream(path.name)),
    users: plan.server.users,
    dir,
  };
}
