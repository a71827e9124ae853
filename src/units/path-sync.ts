/** Makes the paths of the running server those of the plan, through its API and one change at a time. */
import type { Log } from '../observe/log.ts';
import type { MediamtxApi } from '../observe/mediamtx-api.ts';
import type { PathSpec, Plan } from '../plan/types.ts';
import { diffPaths } from './diff.ts';
import { nmsStreams } from './nms-config.ts';
import { hotConfig, pathConfig, serverUsers } from './server-config.ts';
import type { RunningServer } from './server-unit.ts';

/** Milliseconds until a change that was not taken is tried again. */
const AGAIN = 2000;

function hotKey(spec: PathSpec, ring: string | undefined): string {
  return JSON.stringify(hotConfig(spec, ring));
}

export class PathSync {
  readonly #log: Log;
  #server: RunningServer | undefined;
  readonly #ringOf: (path: PathSpec) => string | undefined;
  /** What the server has, and the part of it that changes without cutting anybody. */
  #paths = new Map<string, PathSpec>();
  #hot = new Map<string, string>();
  #users = '';
  #queue: Promise<void> = Promise.resolve();
  #again: NodeJS.Timeout | undefined;

  /** @param ringOf where the server is to record this path now; undefined: nowhere */
  constructor(log: Log, ringOf: (path: PathSpec) => string | undefined) {
    this.#log = log;
    this.#ringOf = ringOf;
  }

  /** A server that was started with this plan's paths, or none. */
  attach(server: RunningServer | undefined): void {
    clearTimeout(this.#again);
    this.#server = server;
    this.#paths = new Map(server?.plan.paths.map((path) => [path.name, path]));
    this.#hot = new Map(
      server?.plan.paths.map((path) => [path.name, hotKey(path, server.rings.get(path.name))]),
    );
    this.#users = server === undefined ? '' : JSON.stringify(serverUsers(server.plan, server.runtime));
  }

  /** Resolves when the server has the plan's paths; without a server at once, for its next start brings them. */
  apply(plan: Plan): Promise<void> {
    clearTimeout(this.#again);
    this.#queue = this.#queue
      .then(() => this.#apply(plan))
      .catch((error: unknown) => {
        this.#log.warn({ unit: 'server', error }, 'the server did not take a change of its paths');
        clearTimeout(this.#again);
        if (this.#server) this.#again = setTimeout(() => void this.apply(plan), AGAIN).unref();
      });
    return this.#queue;
  }

  async restart(spec: PathSpec, nonce: number): Promise<void> {
    const api = this.#server?.api;
    if (api && this.#paths.has(spec.name)) await this.#write(api, spec, nonce);
  }

  async #apply(plan: Plan): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const { api } = server;
    if (plan.server.driver !== 'mediamtx') return api.setStreams(nmsStreams(plan));
    const paths = this.#paths;
    const diff = diffPaths(paths.values(), plan.paths);
    for (const name of diff.remove) {
      await api.deletePath(name);
      paths.delete(name);
    }
    // Rights before paths: nobody may publish to a path that stops being open.
    const users = serverUsers(plan, server.runtime);
    if (JSON.stringify(users) !== this.#users) {
      await api.setUsers(users);
      this.#users = JSON.stringify(users);
    }
    for (const spec of [...diff.replace, ...diff.add]) {
      await this.#write(api, spec);
      paths.set(spec.name, spec);
    }
    for (const spec of plan.paths) await this.#patch(api, spec);
    // What does not change for the server may still have changed its publisher.
    for (const spec of plan.paths) paths.set(spec.name, spec);
  }

  /** A path that is there and one that isn't: what was tried before may have come half of the way. */
  async #write(api: MediamtxApi, spec: PathSpec, nonce = 0): Promise<void> {
    const ring = this.#ringOf(spec);
    await api.replacePath(spec.name, pathConfig(spec, { nonce, ring }));
    this.#hot.set(spec.name, hotKey(spec, ring));
  }

  async #patch(api: MediamtxApi, spec: PathSpec): Promise<void> {
    const ring = this.#ringOf(spec);
    const key = hotKey(spec, ring);
    if (this.#hot.get(spec.name) === key) return;
    await api.patchPath(spec.name, { record: false, ...hotConfig(spec, ring) });
    this.#hot.set(spec.name, key);
  }
}
