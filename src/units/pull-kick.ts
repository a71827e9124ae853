/**
 * Cameras that the server pulls by itself: it waits a fixed 5 s between two tries. When such a
 * camera answers again we have the server try at once, so that it is back within 3 s of its return.
 */
import type { ApiPath } from '../observe/mediamtx-api.ts';
import type { PathSpec } from '../plan/types.ts';
import { type Endpoint, endpointOf, knock } from './knock.ts';

/** Milliseconds that a path is left alone: after it went offline, at its first start, between two kicks. */
const OFFLINE = 1000;
const FIRST_TRY = 6000;
const BETWEEN = 2000;
const MOST = 30_000;

interface Pull {
  spec: PathSpec;
  endpoint: Endpoint;
  online: boolean;
  /** When it may be kicked again. */
  quietUntil: number;
  kicks: number;
  nonce: number;
  busy: boolean;
}

export interface PullKickHost {
  now(): number;
  /** Makes the server start this path anew. */
  restart(spec: PathSpec, nonce: number): Promise<void>;
}

export class PullKick {
  readonly #host: PullKickHost;
  readonly #pulls = new Map<string, Pull>();
  #stop = new AbortController();

  constructor(host: PullKickHost) {
    this.#host = host;
  }

  /** The paths that the server has from now on. */
  set(paths: PathSpec[]): void {
    const before = new Map(this.#pulls);
    this.#pulls.clear();
    for (const spec of paths) {
      const endpoint = spec.from.by === 'pull' ? endpointOf(spec.from.url) : undefined;
      if (endpoint === undefined) continue;
      const known = before.get(spec.name);
      const fresh = {
        endpoint,
        online: false,
        quietUntil: this.#host.now() + FIRST_TRY,
        kicks: 0,
        nonce: 0,
        busy: false,
      };
      const same =
        known !== undefined && known.endpoint.host === endpoint.host && known.endpoint.port === endpoint.port;
      this.#pulls.set(spec.name, { ...(same ? known : fresh), spec });
    }
  }

  /** The server is gone: its next start tries all by itself. */
  reset(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#pulls.clear();
  }

  looked(paths: ReadonlyMap<string, ApiPath>): void {
    const now = this.#host.now();
    for (const pull of this.#pulls.values()) {
      const seen = paths.get(pull.spec.name);
      if (seen?.online) {
        pull.online = true;
        pull.kicks = 0;
        continue;
      }
      if (pull.online) pull.quietUntil = now + OFFLINE;
      pull.online = false;
      // A new start would cut its readers, who have the offline slate; they wait for the server's own try.
      if (pull.busy || (seen?.readers.length ?? 0) > 0) continue;
      pull.busy = true;
      void this.#try(pull, now).finally(() => {
        pull.busy = false;
      });
    }
  }

  async #try(pull: Pull, now: number): Promise<void> {
    const refused = await knock(pull.endpoint, this.#stop.signal);
    if (refused !== undefined) {
      // The server's own try failed too, so the next open door is worth a kick at once.
      pull.quietUntil = 0;
      pull.kicks = 0;
      return;
    }
    if (now < pull.quietUntil || this.#pulls.get(pull.spec.name) !== pull) return;
    // Twice the pause each time: a camera that needs 3 s to begin must get them.
    pull.quietUntil = this.#host.now() + Math.min(MOST, BETWEEN * 2 ** pull.kicks++);
    pull.nonce = 1 - pull.nonce;
    await this.#host.restart(pull.spec, pull.nonce).catch(() => {});
  }
}
