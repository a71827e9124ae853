/** Makes the paths of the running server those of the plan, through its API and one change at a time. */
import type { Log } from '../observe/log.ts';
import type { PathSpec, Plan } from '../plan/types.ts';
import { diffPaths } from './diff.ts';
import { nmsStreams } from './nms-config.ts';
import { forwardConfig, pathConfig, serverUsers } from './server-config.ts';
import type { RunningServer } from './server-unit.ts';

export class PathSync {
  readonly #log: Log;
  #server: RunningServer | undefined;
  /** What the server has. */
  #paths = new Map<string, PathSpec>();
  #users = '';
  #queue: Promise<void> = Promise.resolve();

  constructor(log: Log) {
    this.#log = log;
  }

  /** A server that was started with this plan's paths, or none. */
  attach(server: RunningServer | undefined): void {
    this.#server = server;
    this.#paths = new Map(server?.plan.paths.map((path) => [path.name, path]));
    this.#users = server === undefined ? '' : JSON.stringify(serverUsers(server.plan, server.runtime));
  }

  /** Resolves when the server has the plan's paths; without a server at once, for its next start brings them. */
  apply(plan: Plan): Promise<void> {
    this.#queue = this.#queue
      .then(() => this.#apply(plan))
      .catch((error: unknown) => {
        this.#log.warn({ unit: 'server', error }, 'the server did not take a change of its paths');
      });
    return this.#queue;
  }

  async restart(spec: PathSpec, nonce: number): Promise<void> {
    if (this.#paths.has(spec.name)) await this.#server?.api.replacePath(spec.name, pathConfig(spec, nonce));
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
    for (const spec of diff.replace) await api.replacePath(spec.name, pathConfig(spec));
    for (const spec of diff.patch) await api.patchPath(spec.name, forwardConfig(spec));
    for (const spec of diff.add) await api.addPath(spec.name, pathConfig(spec));
    for (const spec of [...diff.replace, ...diff.patch, ...diff.add]) paths.set(spec.name, spec);
    // What does not change for the server may still have changed its publisher.
    for (const spec of plan.paths) paths.set(spec.name, spec);
  }
}
