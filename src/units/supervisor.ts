/** Applies plans: keeps the server and the processes of the newest one running, whatever dies. */
import { performance } from 'node:perf_hooks';
import { RelayError } from '../errors.ts';
import type { Media } from '../media.ts';
import type { Log } from '../observe/log.ts';
import { probeMedia } from '../observe/probe.ts';
import type { Redactor } from '../observe/redact.ts';
import type { ExitCause, GatewayEvent, GatewayStatus, UnitState } from '../observe/state.ts';
import { endedRings, keepRings } from '../plan/keep-rings.ts';
import type { Plan, UnitSpec } from '../plan/types.ts';
import { behaviourOf } from './behaviours.ts';
import { diffPlans, usesServer } from './diff.ts';
import { Feeds } from './feeds.ts';
import { PathSync } from './path-sync.ts';
import { PathWatch } from './path-watch.ts';
import { PullKick } from './pull-kick.ts';
import { RecorderBehaviour, recorderCommand } from './recorder-unit.ts';
import { Recording } from './recording.ts';
import { createSecrets, resolveArg } from './runtime.ts';
import { type StartedServer, startServer } from './server-start.ts';
import { type RunningServer, SERVER_ID } from './server-unit.ts';
import { StartGate } from './start-gate.ts';
import { createTether, type OwnedTether, type TetherKind } from './tether.ts';
import { TIMING, type Timing } from './timing.ts';
import { type Behaviour, serverLost, Unit, type UnitHost, workerLost } from './unit.ts';
import { UnitLog } from './unit-log.ts';
import { removeStrayWorkerDirs } from './worker-dir.ts';
import { tellReport } from './worker-report.ts';
import { WorkerBehaviour, workerCommand } from './worker-unit.ts';

export interface SupervisorOptions {
  binaries: {
    ffmpeg: string;
    ffprobe: string;
    /** MediaMTX */
    server: string | undefined;
    /** Runs hooks; ours unless a test has one of its own. */
    worker?: readonly [string, ...string[]];
    /** Cuts recordings; likewise. */
    recorder?: readonly [string, ...string[]];
  };
  log: Log;
  redact: Redactor;
  onEvent(event: GatewayEvent): void;
  /** A source answered for the first time: time to plan anew. */
  onMedia(source: string, media: Media): void;
  /** What reads this source keeps failing: it may not be any more what it was when it was planned. */
  onDoubt?(source: string): void;
  probe?(args: string[], signal: AbortSignal): Promise<Media>;
  /** How children die with us; chosen by what the system can do. */
  tether?: TetherKind;
  timing?: Partial<Timing>;
  random?(): number;
  now?(): number;
}

/** A tick that comes this much too late means that we were suspended ourselves. */
const SUSPENDED = 2000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #log: Log;
  readonly #unitLog: UnitLog;
  readonly #timing: Timing;
  readonly #now: () => number;
  /** Unix seconds. */
  readonly #since = Date.now() / 1000;
  readonly #secrets = createSecrets();
  readonly #tether: OwnedTether;
  readonly #gate = new StartGate();
  readonly #feeds = new Feeds();
  readonly #units = new Map<string, Unit>();
  readonly #watch: PathWatch;
  readonly #sync: PathSync;
  readonly #kick: PullKick;
  readonly #recording: Recording;
  #plan: Plan | undefined;
  #server: StartedServer | undefined;
  #running: RunningServer | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #tickedAt = 0;
  #ready = false;
  #stopping: Promise<void> | undefined;
  /** Monotonic: the end of a stop that is under way. */
  #stopsBy = Number.POSITIVE_INFINITY;
  readonly #stopped = new AbortController();
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#unitLog = new UnitLog(options.log);
    this.#timing = { ...TIMING, ...options.timing };
    this.#now = options.now ?? (() => performance.now());
    this.#tether = createTether(options.tether);
    options.redact.add([this.#secrets.media.password, this.#secrets.control.password]);
    this.#recording = new Recording({
      log: this.#log,
      timing: this.#timing,
      onEvent: options.onEvent,
      send: (command) => this.#recorder?.send(command),
      isOnline: (path, since) => this.#watch.isOnline(path, since),
      sync: async () => this.#plan && this.#sync.apply(this.#plan),
    });
    this.#sync = new PathSync(this.#log, (path) => this.#recording.ringOf(path));
    this.#kick = new PullKick({ now: this.#now, restart: (spec, nonce) => this.#sync.restart(spec, nonce) });
    this.#watch = new PathWatch({
      now: this.#now,
      period: () => this.#pollPeriod(),
      forwarding: () =>
        this.#plan?.paths.filter((path) => path.forward.length > 0).map((path) => path.name) ?? [],
      answered: (ok) => this.#server?.behaviour.answered(ok),
      changed: (path, online) => options.onEvent({ type: 'path', at: Date.now(), path, online }),
      looked: (paths) => {
        this.#kick.looked(paths);
        this.#recording.looked();
        // Readiness is seen here first; the ticker would add up to a quarter of a second.
        this.#tick();
        this.#checkReady();
      },
    });
  }

  /**
   * Makes this plan the running one; starts, stops and restarts what differs and returns those ids.
   * Resolves when the server runs and has its paths and all units are on their way.
   * A server that can't be started for the first time rejects, and nothing is left running.
   */
  apply(plan: Plan): Promise<string[]> {
    const done = this.#work.then(() => {
      if (this.#stopping !== undefined) throw new RelayError('RELAY_STATE', 'the supervisor is stopping');
      return this.#plan === undefined ? this.#first(plan) : this.#change(this.#plan, plan);
    });
    this.#work = done.catch(() => {});
    return done;
  }

  /** One look at a source, by a process that dies with us like all others. */
  probe(args: string[], signal: AbortSignal): Promise<Media> {
    const { binaries, probe } = this.#options;
    if (probe) return probe(args, signal);
    return probeMedia({ ffprobe: binaries.ffprobe, prefix: this.#tether.prefix, args, signal });
  }

  /** The file of this route's hook was saved. */
  reloadHook(route: string): void {
    for (const { behaviour } of this.#units.values()) {
      if (behaviour instanceof WorkerBehaviour && behaviour.routes.includes(route)) behaviour.reload();
    }
  }

  /** Something happened on a route: clips are cut around it. */
  event(route: string, name: string, data: unknown): void {
    this.#recording.event(route, name, data);
  }

  status(): Pick<GatewayStatus, 'ready' | 'units' | 'paths'> {
    const units = [...(this.#server === undefined ? [] : [this.#server.unit]), ...this.#units.values()];
    const routes = new Map(this.#plan?.units.map((spec) => [spec.id, spec.routes]));
    return {
      ready: this.#ready,
      units: units.map((unit) => ({ ...unit.status(), routes: routes.get(unit.id) ?? [] })),
      paths: this.#plan?.paths.map((spec) => this.#watch.status(spec)) ?? [],
    };
  }

  /** Ends everything in reverse order: publishers first, so that files and streams are closed, then the server. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    this.#stopped.abort();
    return this.#stopping;
  }

  async #first(plan: Plan): Promise<string[]> {
    this.#plan = plan;
    this.#recording.set(plan);
    removeStrayWorkerDirs();
    this.#startTicker();
    // What asks a source directly needs no server: both start at the same time.
    const [direct, served] = [plan.units.filter((spec) => !usesServer(spec)), plan.units.filter(usesServer)];
    for (const spec of direct) this.#add(spec);
    try {
      await this.#startServer(plan);
    } catch (error) {
      this.#plan = undefined;
      await Promise.all(direct.map((spec) => this.#remove(spec.id)));
      await this.#server?.unit.stop();
      this.#server = undefined;
      clearInterval(this.#ticker);
      throw error;
    }
    for (const spec of served) this.#add(spec);
    return [SERVER_ID, ...plan.units.map((spec) => spec.id)];
  }

  async #change(from: Plan, next: Plan): Promise<string[]> {
    const to = keepRings(from, next);
    const diff = diffPlans(from, to);
    await this.#recording.end(endedRings(from, to));
    const specs = new Map(to.units.map((spec) => [spec.id, spec]));
    await Promise.all([...diff.stop, ...diff.restart].map((id) => this.#remove(id)));
    this.#plan = to;
    this.#recording.set(to);
    let failure: unknown;
    if (diff.server) {
      await this.#server?.unit.stop();
      // It goes on trying, and the units wait for it; that it failed must still be told.
      await this.#startServer(to).catch((error: unknown) => {
        failure = error;
      });
    } else {
      await this.#sync.apply(to);
      this.#kick.set(to.paths);
    }
    for (const id of [...diff.start, ...diff.restart]) this.#add(specs.get(id)!);
    this.#checkReady();
    if (failure !== undefined) throw failure;
    return [...(diff.server ? [SERVER_ID] : []), ...diff.stop, ...diff.start, ...diff.restart];
  }

  /** Resolves when it answers; rejects when it will not, or when nobody waits for it any more. */
  async #startServer(plan: Plan): Promise<void> {
    const started = startServer({
      plan,
      host: {
        binary: this.#options.binaries.server,
        tether: this.#tether,
        timing: this.#timing,
        secrets: this.#secrets,
        log: this.#log,
        redact: this.#options.redact.redactText,
        plan: () => this.#plan!,
        ringOf: (path) => this.#recording.ringOf(path),
        up: (server) => this.#serverUp(server),
        down: () => this.#serverDown(),
      },
      unitHost: this.#unitHost,
      changed: (unit, state, why) => {
        this.#changed(unit, state, why);
        if (state === 'waiting' || state === 'idle')
          this.#recording.serverEnded(why?.reason ?? 'the media server was stopped');
      },
      signal: this.#stopped.signal,
    });
    this.#server = started;
    await started.answers;
  }

  #serverUp(server: RunningServer): void {
    this.#running = server;
    this.#sync.attach(server);
    this.#kick.set(server.plan.paths);
    this.#recording.serverUp();
    this.#watch.watch(server);
    // The plan, or what is recorded, may have changed while it started.
    if (this.#plan !== undefined) void this.#sync.apply(this.#plan);
  }

  #serverDown(): void {
    if (this.#running === undefined) return;
    this.#running = undefined;
    this.#sync.attach(undefined);
    this.#kick.reset();
    this.#recording.serverLost();
    this.#watch.watch(undefined);
    const specs = new Map(this.#plan?.units.map((spec) => [spec.id, spec]));
    for (const unit of this.#units.values()) {
      const spec = specs.get(unit.id);
      if (spec === undefined || !usesServer(spec)) continue;
      // They would find out by a time-out of 5 s; like this they are gone before the server is back.
      unit.fail(serverLost());
      unit.hurry();
    }
    this.#checkReady();
  }

  /** What feeds it would write into nothing, and look like a fault of its own. */
  #workerDown(worker: string): void {
    for (const spec of this.#plan?.units ?? []) {
      if (spec.kind === 'ffmpeg' && spec.feeds?.includes(worker))
        this.#units.get(spec.id)?.fail(workerLost());
    }
  }

  #add(spec: UnitSpec): void {
    const unit = new Unit(this.#behaviour(spec), this.#unitHost);
    this.#units.set(spec.id, unit);
    unit.start();
  }

  async #remove(id: string): Promise<void> {
    const unit = this.#units.get(id);
    await unit?.stop();
    this.#units.delete(id);
  }

  #behaviour(spec: UnitSpec): Behaviour {
    const { binaries, log, onDoubt, onEvent, onMedia, redact } = this.#options;
    return behaviourOf(spec, {
      ffmpeg: binaries.ffmpeg,
      worker: binaries.worker ?? workerCommand(),
      recorder: binaries.recorder ?? recorderCommand(),
      recorderStart: () => this.#recording.known(),
      recorded: (recorder, report) => this.#recording.report(recorder, report),
      tether: this.#tether,
      gate: this.#gate,
      feeds: this.#feeds,
      timing: this.#timing,
      now: this.#now,
      since: this.#since,
      stopsBy: () => this.#stopsBy,
      redact: redact.redactText,
      resolve: (arg) => {
        if (this.#running === undefined) throw new RelayError('RELAY_STATE', 'the media server is gone');
        const { runtime, plan } = this.#running;
        return resolveArg(arg, runtime, plan.server.driver, (worker) => this.#feeds.url(worker));
      },
      pathsOnline: async (paths, signal) => {
        if ('publishes' in spec) await this.#recording.whenSaid(spec.publishes, signal);
        return this.#watch.whenOnline(paths, signal);
      },
      isOnline: (path, since) => this.#watch.isOnline(path, since),
      pathsSeenAt: () => this.#watch.seenAt,
      publisher: (path) => this.#watch.publisher(path),
      say: (level, route, message) => log[level]({ route }, message),
      probe: (args, signal) => this.probe(args, signal),
      onMedia,
      doubt: (source) => onDoubt?.(source),
      report: (worker, report) => {
        tellReport(worker, report, { log, onEvent });
        if (report.type === 'event') this.event(worker.routes[0]!, report.name, report.data);
      },
    });
  }

  get #recorder(): RecorderBehaviour | undefined {
    const behaviours = [...this.#units.values()].map(({ behaviour }) => behaviour);
    return behaviours.find((behaviour) => behaviour instanceof RecorderBehaviour);
  }

  get #unitHost(): UnitHost {
    return {
      now: this.#now,
      random: this.#options.random ?? Math.random,
      changed: (unit, state, why) => this.#changed(unit, state, why),
    };
  }

  #changed(unit: Unit, state: UnitState, why?: ExitCause): void {
    this.#unitLog.changed(unit.id, state, why);
    this.#recording.unitChanged(unit.id, state, why);
    if (state === 'starting') this.#watch.hurry();
    if (unit.behaviour.kind === 'worker' && (state === 'stopping' || state === 'waiting')) {
      this.#workerDown(unit.id);
    }
    this.#options.onEvent({ type: 'unit', at: Date.now(), unit: unit.id, state, ...(why && { cause: why }) });
    this.#checkReady();
  }

  #checkReady(): void {
    const was = this.#ready;
    this.#ready =
      this.#stopping === undefined &&
      this.#server?.unit.state === 'running' &&
      // A probe that has finished is a route that is about to be planned.
      this.#plan!.units.every((spec) => spec.kind !== 'probe' && isUp(this.#units.get(spec.id)));
    if (this.#ready && !was) this.#options.onEvent({ type: 'ready', at: Date.now() });
  }

  #pollPeriod(): number {
    if (this.#gate.busy) return this.#timing.pollStarting;
    // Probes don't count: what they wait for is not seen on the server.
    const unready = [...this.#units.values()].some(
      (unit) => unit.state === 'starting' && unit.behaviour.kind !== 'probe',
    );
    return unready ? this.#timing.pollUnready : this.#timing.poll;
  }

  #startTicker(): void {
    this.#tickedAt = this.#now();
    this.#ticker = setInterval(() => this.#tick(), this.#timing.tick);
  }

  #tick(): void {
    const now = this.#now();
    const late = now - this.#tickedAt - this.#timing.tick;
    this.#tickedAt = now;
    const units = [...this.#units.values(), ...(this.#server === undefined ? [] : [this.#server.unit])];
    if (late > SUSPENDED) for (const unit of units) unit.rearm(now);
    for (const unit of units) unit.tick(now);
  }

  async #stop(): Promise<void> {
    this.#stopsBy = this.#now() + this.#timing.stop;
    // A change under way ends first: half of it may be neither the old nor the new plan.
    const all = this.#work.then(async () => {
      const units = [...this.#units.values()];
      const recorders = units.filter(({ behaviour }) => behaviour instanceof RecorderBehaviour);
      await Promise.all(units.filter((unit) => !recorders.includes(unit)).map((unit) => unit.stop()));
      await this.#server?.unit.stop();
      // Last, when all that it cuts is written.
      await Promise.all(recorders.map((unit) => unit.stop()));
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#timing.stop);
    });
    await Promise.race([all, late]);
    clearTimeout(timer);
    clearInterval(this.#ticker);
    this.#watch.watch(undefined);
    this.#kick.reset();
    await this.#recording.close();
    this.#tether.close();
  }
}

function isUp(unit: Unit | undefined): boolean {
  return unit?.state === 'running' || unit?.state === 'finished';
}
