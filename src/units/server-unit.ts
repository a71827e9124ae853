/** The media server: ready when its API answers, alive while it goes on answering. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RelayError } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import { MediamtxApi } from '../observe/mediamtx-api.ts';
import type { Figures } from '../observe/state.ts';
import type { PathSpec, Plan } from '../plan/types.ts';
import { cause } from './cause.ts';
import { nmsConfig } from './nms-config.ts';
import { portHolder } from './port-holder.ts';
import { AT_ONCE, Child, type Exit, GENTLE, SHORT, type Tether } from './process.ts';
import { createRuntime, type Runtime, type Secrets } from './runtime.ts';
import { childScript } from './script.ts';
import { serverConfig } from './server-config.ts';
import { ServerLog } from './server-log.ts';
import type { Timing } from './timing.ts';
import { type Attempt, type Behaviour, type Ending, stopOf } from './unit.ts';

export const SERVER_ID = 'server';

/** "listen tcp 127.0.0.1:8554: bind: address already in use", "port 127.0.0.1:1935 is already in use" */
const BUSY = /(?:listen \w+|port) (\S+?):?(?: bind:)?(?: is)?(?: address)? already in use/;

/** It has read its file by then (ms), and looks for changes of it in vain from then on. */
const FORGET_AFTER = 1000;

/** Calls in a row without answer after which it counts as hanging. */
const MISSED = 3;

export interface ServerHost {
  /** MediaMTX; undefined for the embedded driver. */
  binary: string | undefined;
  tether: Tether;
  timing: Timing;
  secrets: Secrets;
  log: Log;
  redact(text: string): string;
  /** What it is to serve, read at each start. */
  plan(): Plan;
  /** Where it is to record this path, read at each start; undefined: nowhere. */
  ringOf(path: PathSpec): string | undefined;
  /** It answers. `plan` is the one that its file was written from. */
  up(server: RunningServer): void;
  /** It is gone or on its way. */
  down(): void;
}

export interface RunningServer {
  api: MediamtxApi;
  runtime: Runtime;
  plan: Plan;
  /** By path: where it recorded from its start. */
  rings: ReadonlyMap<string, string>;
}

export class ServerBehaviour implements Behaviour {
  readonly id = SERVER_ID;
  readonly kind = 'server';
  readonly routes: string[] = [];
  readonly figures: Figures = {};
  /** The error of a first start that nothing but a person can mend: a busy public port. */
  portBusy: RelayError | undefined;
  readonly #host: ServerHost;
  #attempt: Attempt | undefined;
  #missed = 0;

  constructor(host: ServerHost) {
    this.#host = host;
  }

  /** The poller tells how its calls went; it asks often enough that nobody else has to. */
  answered(ok: boolean): void {
    this.#missed = ok ? 0 : this.#missed + 1;
    if (this.#missed < MISSED) return;
    this.#missed = 0;
    this.#attempt?.fail({ cause: cause('stalled', `its API did not answer ${MISSED} times`), how: 'atOnce' });
  }

  rearm(): void {
    this.#missed = 0;
  }

  async run(attempt: Attempt): Promise<Ending> {
    const plan = this.#host.plan();
    const rings = new Map<string, string>();
    for (const path of plan.paths) {
      const ring = this.#host.ringOf(path);
      if (ring !== undefined) rings.set(path.name, ring);
    }
    const runtime = await createRuntime(plan, this.#host.secrets);
    // Only we may look inside: its file holds the passwords of cameras and users.
    const dir = await mkdtemp(join(tmpdir(), 'relay-')).catch(noRoom);
    try {
      if (attempt.signal.aborted) return stopOf(attempt.signal).cause;
      const [command, args] = await this.#prepare(dir, plan, runtime, rings).catch(noRoom);
      const launch = new Launch(command, args, dir, plan, runtime, this.#host);
      return await this.#live(attempt, launch, rings);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  async #prepare(
    dir: string,
    plan: Plan,
    runtime: Runtime,
    rings: ReadonlyMap<string, string>,
  ): Promise<[string, string[]]> {
    const embedded = plan.server.driver === 'node-media-server';
    const file = join(dir, embedded ? 'nms.json' : 'mediamtx.yml');
    // JSON is YAML, and written before the start: a server that sees its file change may end.
    const config = embedded ? nmsConfig(plan, runtime, dir) : serverConfig(plan, runtime, rings);
    await writeFile(file, JSON.stringify(config, null, 1), { mode: 0o600 });
    if (embedded) {
      const [command, args] = childScript('nms-child');
      return [command, [...args, file]];
    }
    if (this.#host.binary === undefined)
      throw new RelayError('RELAY_BINARY_MISSING', 'MediaMTX is not installed');
    return [this.#host.binary, [file]];
  }

  async #live(attempt: Attempt, launch: Launch, rings: ReadonlyMap<string, string>): Promise<Ending> {
    const { signal } = attempt;
    const { child, api } = launch;
    this.#attempt = attempt;
    this.#missed = 0;
    attempt.started(child.pid);
    const end = (): void => {
      this.#host.down();
      void child.end({ gentle: GENTLE, short: SHORT, atOnce: AT_ONCE }[stopOf(signal).how]);
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });

    const over = new AbortController();
    const exited = child.exited.finally(() => over.abort());
    const up = await this.#untilUp(attempt, launch, over.signal);
    let forget: NodeJS.Timeout | undefined;
    if (up) {
      forget = setTimeout(() => void launch.forget(), FORGET_AFTER);
      attempt.ready();
      this.#host.up({ api, runtime: launch.runtime, plan: launch.plan, rings });
    }
    const exit = await exited;
    clearTimeout(forget);
    signal.removeEventListener('abort', end);
    this.#attempt = undefined;
    api.close();
    if (!signal.aborted) this.#host.down();
    return this.#causeOf(exit, launch);
  }

  async #untilUp(attempt: Attempt, launch: Launch, over: AbortSignal): Promise<boolean> {
    const limit = performance.now() + this.#host.timing.serverStart;
    while (!over.aborted && !attempt.signal.aborted) {
      try {
        await launch.api.info();
        return !over.aborted && !attempt.signal.aborted;
      } catch {
        if (performance.now() > limit) {
          const reason = `no answer within ${this.#host.timing.serverStart / 1000} s of its start`;
          attempt.fail({ cause: cause('stalled', reason), how: 'short' });
        } else await sleep(50, undefined, { signal: over }).catch(() => {});
      }
    }
    return false;
  }

  async #causeOf(exit: Exit, launch: Launch): Promise<Ending> {
    const { child, log } = launch;
    const lines = [...log.lines(), ...child.stderr()].map((line) => this.#host.redact(line));
    const rest = { code: exit.code, signal: exit.signal, stderr: lines.slice(-20) };
    if (exit.error !== undefined) return cause('spawn', exit.error.message, rest);
    if (exit.signal !== null) return cause('signal', `killed by ${exit.signal}`, rest);
    const busy = lines.map((line) => BUSY.exec(line)?.[1]).find(Boolean);
    if (busy !== undefined) {
      const port = Number(busy.slice(busy.lastIndexOf(':') + 1));
      const holder = await portHolder(port);
      const message = `${busy} is in use${holder === undefined ? ' by another program' : ` by ${holder}`}`;
      if (isPublic(port, launch.plan)) this.portBusy = new RelayError('RELAY_PORT_BUSY', message);
      return cause('server', message, rest);
    }
    // Also with code 0: it ends like that when it is given something that it can't do.
    const last = lines.findLast((line) => /ERR|error/i.test(line)) ?? lines.at(-1);
    return cause(
      'exit',
      `exit code ${exit.code}${last === undefined ? '' : `: ${last.slice(0, 300)}`}`,
      rest,
    );
  }
}

/** Says which folder it is that is full, missing or closed to us. */
function noRoom(error: unknown): never {
  if (error instanceof RelayError) throw error;
  throw new Error(`no file can be written to ${tmpdir()}: ${messageOf(error)}`, { cause: error });
}

/** One process of the server with all that belongs to it. */
class Launch {
  readonly child: Child;
  readonly api: MediamtxApi;
  readonly log: ServerLog;
  readonly plan: Plan;
  readonly runtime: Runtime;
  readonly #file: string | undefined;

  constructor(command: string, args: string[], cwd: string, plan: Plan, runtime: Runtime, host: ServerHost) {
    this.plan = plan;
    this.#file = args.at(-1);
    this.runtime = runtime;
    this.log = new ServerLog(host.log);
    this.api = new MediamtxApi({ port: runtime.api, ...runtime.secrets.control, timeout: host.timing.api });
    this.child = new Child(command, args, {
      tether: host.tether,
      cwd,
      onStdout: (chunk) => this.log.push(chunk),
    });
  }

  /** Passwords stay on the disk no longer than they must: nobody tidies up after a gateway that is killed. */
  async forget(): Promise<void> {
    if (this.#file !== undefined) await rm(this.#file, { force: true }).catch(() => {});
  }
}

function isPublic(port: number, plan: Plan): boolean {
  return Object.values(plan.server.listen).some((address) => address !== false && address.port === port);
}
