/** What the server says of its paths: asked by one poller for all units. */
import type { ApiForward, ApiPath } from '../observe/mediamtx-api.ts';
import type { PathStatus } from '../observe/state.ts';
import type { PathSpec } from '../plan/types.ts';
import { forwardTo } from './server-config.ts';
import type { RunningServer } from './server-unit.ts';

/** Milliseconds between two looks at remote copies, which costs a call for each path that has some. */
const FORWARD_PERIOD = 2000;

/** Milliseconds until the next look after one that was not answered. */
const MISSED_PERIOD = 250;

export interface PathWatchHost {
  now(): number;
  /** Milliseconds until the next look. */
  period(): number;
  /** Names of the paths with remote copies. */
  forwarding(): string[];
  /** The server answered, or did not. */
  answered(ok: boolean): void;
  /** A path came or went. */
  changed(path: string, online: boolean): void;
  /** After each answer. */
  looked(paths: ReadonlyMap<string, ApiPath>): void;
}

export class PathWatch {
  readonly #host: PathWatchHost;
  #server: RunningServer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;
  #paths: ReadonlyMap<string, ApiPath> = new Map();
  readonly #forwards = new Map<string, ApiForward[]>();
  #forwardsAt = 0;
  readonly #waiting = new Set<() => void>();
  #seenAt = 0;

  constructor(host: PathWatchHost) {
    this.#host = host;
  }

  /** Undefined: the server is gone, and with it all that was seen. */
  watch(server: RunningServer | undefined): void {
    clearTimeout(this.#timer);
    this.#server = server;
    this.#forwards.clear();
    if (server !== undefined) {
      this.#look(server);
      return;
    }
    const before = this.#paths;
    this.#paths = new Map();
    for (const path of before.values()) if (path.online) this.#host.changed(path.name, false);
  }

  /** Something starts now: don't wait for the slow rhythm. */
  hurry(): void {
    // Only ever sooner: starts that follow each other closely must not put it off.
    if (this.#timer === undefined || this.#server === undefined) return;
    if (this.#host.now() + this.#host.period() >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#schedule(this.#server);
  }

  /** When the last look that was answered began: Unix milliseconds. */
  get seenAt(): number {
    return this.#seenAt;
  }

  /** What tells one publisher of a path from the next; undefined while there is none. */
  publisher(path: string): string | undefined {
    const seen = this.#paths.get(path);
    return seen?.online ? `since ${seen.onlineTime}` : undefined;
  }

  /** Whether a publisher is there that came after this moment (Unix milliseconds): a dead one may linger. */
  isOnline(path: string, since = 0): boolean {
    const seen = this.#paths.get(path);
    if (seen === undefined || !seen.online) return false;
    return since === 0 || (seen.onlineTime !== null && Date.parse(seen.onlineTime) >= since);
  }

  /** Resolves once the server runs and all of these are online; false when aborted before. */
  whenOnline(paths: string[], signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settled = (): boolean => {
        if (signal.aborted) resolve(false);
        else if (this.#server !== undefined && paths.every((path) => this.isOnline(path))) resolve(true);
        else return false;
        return true;
      };
      if (settled()) return;
      const check = (): void => {
        if (!settled()) return;
        this.#waiting.delete(check);
        signal.removeEventListener('abort', check);
      };
      this.#waiting.add(check);
      signal.addEventListener('abort', check);
    });
  }

  status(spec: PathSpec): PathStatus {
    const seen = this.#paths.get(spec.name);
    const forwards = this.#forwards.get(spec.name) ?? [];
    return {
      name: spec.name,
      route: spec.route,
      online: seen?.online ?? false,
      tracks: seen?.tracks2?.map((track) => track.codec) ?? [],
      readers: seen?.readers.length ?? 0,
      bytesIn: seen?.inboundBytes ?? 0,
      bytesOut: seen?.outboundBytes ?? 0,
      forward: spec.forward.map((to) => {
        const found = forwards.find((forward) => forward.conf.dest === forwardTo(to));
        const error = found?.lastError;
        return { to, state: found?.state ?? 'idle', ...(error ? { error } : {}) };
      }),
    };
  }

  async #look(server: RunningServer): Promise<void> {
    this.#timer = undefined;
    const began = Date.now();
    try {
      const list = await server.api.paths();
      if (server !== this.#server) return;
      this.#seenAt = began;
      this.#host.answered(true);
      this.#take(list);
      await this.#lookAtForwards(server);
      this.#schedule(server);
    } catch {
      if (server !== this.#server) return;
      // Ask again soon: only several misses in a row tell a hang from a hiccup.
      this.#schedule(server, MISSED_PERIOD);
      this.#host.answered(false);
    }
  }

  #schedule(server: RunningServer, period = this.#host.period()): void {
    if (server !== this.#server) return;
    this.#dueAt = this.#host.now() + period;
    this.#timer = setTimeout(() => void this.#look(server), period);
  }

  #take(list: ApiPath[]): void {
    const before = this.#paths;
    this.#paths = new Map(list.map((path) => [path.name, path]));
    for (const check of [...this.#waiting]) check();
    for (const path of list) {
      if (path.online !== (before.get(path.name)?.online ?? false))
        this.#host.changed(path.name, path.online);
    }
    for (const path of before.values()) {
      if (path.online && !this.#paths.has(path.name)) this.#host.changed(path.name, false);
    }
    this.#host.looked(this.#paths);
  }

  async #lookAtForwards(server: RunningServer): Promise<void> {
    const now = this.#host.now();
    if (now - this.#forwardsAt < FORWARD_PERIOD) return;
    this.#forwardsAt = now;
    for (const path of this.#host.forwarding()) this.#forwards.set(path, await server.api.forwards(path));
  }
}
