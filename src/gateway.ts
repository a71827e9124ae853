/** The running product: load → plan → supervise → observe; reload; stop. */
import { setTimeout as after } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Api } from './api/server.ts';
import type { Address, Config, Route } from './config/config.ts';
import { messageOf, RelayError } from './errors.ts';
import { isDiskSink } from './kinds/sinks/index.ts';
import { kindOf } from './kinds/sources/index.ts';
import type { Media } from './media.ts';
import type { Log } from './observe/log.ts';
import type { Redactor } from './observe/redact.ts';
import type { GatewayEvent, GatewayStatus } from './observe/state.ts';
import { plan } from './plan/plan.ts';
import type { Facts, Plan, RoutePlan } from './plan/types.ts';
import { type Ffmpeg, findFfmpeg, findFfprobe } from './tools/ffmpeg.ts';
import { findMediamtx } from './tools/mediamtx.ts';
import { Supervisor } from './units/supervisor.ts';
import { version } from './version.ts';
import { type FileWatch, watchFile } from './watch.ts';
import { HookWatch } from './watch-hooks.ts';

/** What becomes of an event. */
export interface EventTaken {
  /** Unix milliseconds. */
  at: number;
  /** How many clips of the route want it. */
  clips: number;
  /** The names that they wait for; empty: any, or there are no clips. */
  wanted: string[];
}

/** What the API and commands may ask of a running gateway. */
export interface RunningGateway {
  status(): GatewayStatus;
  plan(): Plan;
  /** Reads relay.yaml again. On a bad file nothing changes and the RelayError holds the diagnostics. */
  reload(): Promise<{ changed: string[] }>;
  subscribe(listener: (event: GatewayEvent) => void): () => void;
  /** Something happened on a route. @throws RELAY_NOT_FOUND */
  event(route: string, name: string, data?: unknown): EventTaken;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  /** Reads and checks relay.yaml; called at the start and at each reload. */
  load: () => Promise<Config>;
  env: NodeJS.ProcessEnv;
  log: Log;
  redact: Redactor;
  /** Reload when the file changes. */
  watch?: boolean;
  /** Ends a start that is under way. */
  signal?: AbortSignal;
}

/** Answers of several sources that come within this time (ms) are planned together. */
const settle = 15;

/** How long an API waits at most until all streams run (ms). */
const firstLook = 500;

/** How long an API that moves elsewhere goes on where it was (ms): whoever asked for the move waits for an answer. */
const farewell = 500;

/** Starts everything that the config wants. Resolves when the server answers; the sources follow as they can. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const config = await options.load();
  options.redact.add(config.secrets);
  const binaries = await findBinaries(config, options);
  const gateway = new Gateway(options, config, binaries);
  const stop = () => void gateway.stop();
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    options.signal?.throwIfAborted();
    await gateway.start();
  } catch (error) {
    await gateway.stop();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
  return gateway;
}

interface Binaries {
  ffmpeg: Ffmpeg;
  ffprobe: string;
  /** undefined: none is to be had, the embedded driver serves what it can. */
  server: string | undefined;
}

async function findBinaries(config: Config, { env, log }: GatewayOptions): Promise<Binaries> {
  const wantsServer = config.server.driver === 'mediamtx';
  const [ffmpeg, server] = await Promise.all([
    findFfmpeg({ configured: config.tools.ffmpeg, env }),
    wantsServer ? findMediamtx({ configured: config.server.binary, env }).catch(missingServer) : undefined,
  ]);
  const ffprobe = await findFfprobe({ configured: config.tools.ffprobe, env, ffmpeg: ffmpeg.path });
  for (const warning of [...ffmpeg.warnings, ...(server?.warnings ?? [])]) log.warn(warning);
  return { ffmpeg, ffprobe: ffprobe.path, server: server?.path };

  /** A configured binary that is missing is an error; where there is simply none, RTMP and HTTP-FLV are better than nothing. */
  function missingServer(error: unknown): undefined {
    if (config.server.binary || !(error instanceof RelayError)) throw error;
    const recorded = Object.values(config.routes).some(({ to }) => to.some(isDiskSink));
    log.warn(
      `${error.message} — running on the embedded server instead: RTMP and HTTP-FLV only, no RTSP, HLS or WebRTC${recorded ? ', and nothing is recorded' : ''}. ${error.hint}`,
    );
  }
}

class Gateway implements RunningGateway {
  readonly #options: GatewayOptions;
  readonly #binaries: Binaries;
  readonly #supervisor: Supervisor;
  readonly #startedAt = Date.now();
  readonly #listeners = new Set<(event: GatewayEvent) => void>();
  readonly #ready = new Promise<void>((resolve) => {
    this.subscribe(({ type }) => type === 'ready' && resolve());
  });
  readonly #abort = new AbortController();
  readonly #doubted = new Set<string>();
  #config: Config;
  #facts: Facts;
  #plan: Plan;
  #api: Api | undefined;
  /** Where it listens, as the file says; undefined before the first time. */
  #listening: Address | false | undefined;
  readonly #leaving = new Set<Api>();
  #reloading: Promise<unknown> = Promise.resolve();
  #nextReload: Promise<{ changed: string[] }> | undefined;
  #configError: string | undefined;
  #replan: NodeJS.Timeout | undefined;
  /** Plans are applied one after the other. */
  #applying: Promise<unknown> = Promise.resolve();
  #watch: FileWatch | undefined;
  #hooks: HookWatch | undefined;

  constructor(options: GatewayOptions, config: Config, binaries: Binaries) {
    this.#options = options;
    this.#binaries = binaries;
    this.#config = this.#served(config);
    this.#facts = { tools: binaries.ffmpeg.tools, media: {} };
    this.#plan = plan(this.#config, this.#facts);
    this.#supervisor = new Supervisor({
      binaries: { ffmpeg: binaries.ffmpeg.path, ffprobe: binaries.ffprobe, server: binaries.server },
      log: options.log,
      redact: options.redact,
      onEvent: (event) => this.#emit(event),
      onMedia: (source, media) => this.#learn(source, media),
      onDoubt: (source) => void this.#lookAgain(source),
    });
  }

  async start(): Promise<void> {
    // First of all: what is saved during a start must not go unnoticed.
    if (this.#options.watch) this.#watchFiles();
    const started = this.#apply().then(() => this.#listen());
    // A reload waits for it.
    this.#reloading = started;
    await started;
  }

  #watchFiles(): void {
    const { log } = this.#options;
    const changed = () => void this.reload().catch(() => {});
    this.#watch = watchFile(this.#config.file, changed, log);
    this.#hooks = new HookWatch((route) => this.#supervisor.reloadHook(route), log);
    this.#hooks.set(this.#config.routes);
    void this.#watch.stands.then(async () => {
      if ((await this.#isOutdated()) && !this.#abort.signal.aborted) changed();
    });
  }

  /** The file was saved after it was read, and before it was watched. */
  async #isOutdated(): Promise<boolean> {
    const next = await this.#options.load().catch(() => undefined);
    return next === undefined || !isDeepStrictEqual(this.#served(next), this.#config);
  }

  status(): GatewayStatus {
    return {
      file: this.#config.file,
      pid: process.pid,
      version,
      startedAt: this.#startedAt,
      ...this.#supervisor.status(),
      ...(this.#configError !== undefined && { configError: this.#configError }),
    };
  }

  plan(): Plan {
    return this.#plan;
  }

  subscribe(listener: (event: GatewayEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  event(route: string, name: string, data?: unknown): EventTaken {
    if (!Object.hasOwn(this.#config.routes, route)) {
      throw new RelayError('RELAY_NOT_FOUND', `there is no route ${route}`);
    }
    const at = Date.now();
    this.#emit({ type: 'event', at, route, name, ...(data !== undefined && { data }) });
    this.#supervisor.event(route, name, data);
    return { at, ...clipsOf(this.#config.routes[route]!, name) };
  }

  /** One after the other. Who asks while one waits for its turn gets the same: it will read what is there by then. */
  reload(): Promise<{ changed: string[] }> {
    this.#nextReload ??= this.#reloading
      .catch(() => {})
      .then(() => {
        this.#nextReload = undefined;
        return this.#reload();
      });
    this.#reloading = this.#nextReload;
    return this.#nextReload;
  }

  async #reload(): Promise<{ changed: string[] }> {
    const { log, redact } = this.#options;
    let failed = `the old plan runs on; ${this.#config.file} was refused`;
    try {
      const next = await this.#options.load();
      failed = `not all of ${this.#config.file} could be put to work`;
      redact.add(next.secrets);
      const before = this.#config;
      this.#config = this.#served(next);
      this.#forgetChanged(before);
      this.#hooks?.set(next.routes);
      const changed = await this.#apply();
      await this.#listen();
      this.#configError = undefined;
      const message = changed.length ? `reloaded: ${changed.join(', ')}` : 'reloaded: nothing changed';
      log.info(message);
      this.#emit({ type: 'reload', at: Date.now(), ok: true, message, changed });
      return { changed };
    } catch (error) {
      this.#configError = redact.redactText(messageOf(error));
      log.error(`${failed}:\n${messageOf(error)}`);
      this.#emit({ type: 'reload', at: Date.now(), ok: false, message: this.#configError, changed: [] });
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#watch?.close();
    this.#hooks?.close();
    clearTimeout(this.#replan);
    // At once: what is being applied may wait for a server that never answers.
    const stopped = this.#supervisor.stop();
    await Promise.all([this.#api, ...this.#leaving].map((api) => api?.close()));
    await this.#applying.catch(() => {});
    await stopped;
  }

  /** The config as this machine can serve it: the embedded driver where no media server was found. */
  #served(config: Config): Config {
    return this.#binaries.server
      ? config
      : { ...config, server: { ...config.server, driver: 'node-media-server' } };
  }

  /** Plans anew and makes it so. Calls queue up; each applies the newest config and facts. */
  #apply(): Promise<string[]> {
    const next = this.#applying
      .catch(() => {})
      .then(() => {
        if (this.#abort.signal.aborted) return [];
        const before = this.#plan;
        this.#plan = plan(this.#config, this.#facts);
        this.#warnOfNothing(before);
        return this.#supervisor.apply(this.#plan);
      });
    this.#applying = next;
    return next;
  }

  /** The API moves only when it has arrived: a busy port leaves it where it is. */
  async #listen(): Promise<void> {
    const { listen } = this.#config.api;
    if (this.#abort.signal.aborted || isDeepStrictEqual(listen, this.#listening)) return;
    const before = this.#api;
    this.#api = listen ? await this.#startApi(listen) : undefined;
    this.#listening = listen;
    if (this.#abort.signal.aborted) await this.#api?.close();
    if (before === undefined) return;
    this.#leaving.add(before);
    setTimeout(() => void before.close().finally(() => this.#leaving.delete(before)), farewell).unref();
  }

  async #startApi(listen: Address): Promise<Api> {
    const { log, redact } = this.#options;
    // The HTTP library is the largest of ours: while it is loaded, a tenth of a second, this thread hears of nothing.
    await Promise.race([this.#ready, after(firstLook, undefined, { signal: this.#abort.signal })]);
    const { startApi } = await import('./api/server.ts');
    return startApi({ listen, gateway: this, log, redact });
  }

  /** A route without any track is no fault that a unit could report. */
  #warnOfNothing(before: Plan): void {
    const known = new Set(before.routes.filter(isNothing).map(({ name }) => name));
    for (const { name, why } of this.#plan.routes.filter(isNothing)) {
      if (!known.has(name)) this.#options.log.warn({ route: name }, why.join('; '));
    }
  }

  #emit(event: GatewayEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // Whoever listens, the streams go on.
        this.#options.log.error(`an event could not be told: ${messageOf(error)}`);
      }
    }
  }

  /** A source said what it holds. */
  #learn(source: string, media: Media): void {
    if (isDeepStrictEqual(this.#facts.media[source], media)) return;
    this.#facts = { ...this.#facts, media: { ...this.#facts.media, [source]: media } };
    clearTimeout(this.#replan);
    this.#replan = setTimeout(() => {
      this.#apply().catch((error: unknown) => this.#options.log.error(messageOf(error)));
    }, settle);
  }

  /** A source that answered once keeps failing now: perhaps it holds something else by now. */
  async #lookAgain(source: string): Promise<void> {
    const spec = this.#config.sources[source];
    const request = spec && kindOf(spec).probe?.(spec);
    if (!request || this.#doubted.has(source)) return;
    this.#doubted.add(source);
    try {
      const media = await this.#supervisor.probe(request.args, this.#abort.signal);
      this.#learn(source, media);
    } catch {
      // It does not answer: its unit goes on trying, and says why.
    } finally {
      this.#doubted.delete(source);
    }
  }

  /** What was seen of a source holds only as long as it is the same source. */
  #forgetChanged(before: Config): void {
    const same = ([name]: [string, Media]) =>
      isDeepStrictEqual(before.sources[name], this.#config.sources[name]);
    this.#facts = {
      ...this.#facts,
      media: Object.fromEntries(Object.entries(this.#facts.media).filter(same)),
    };
  }
}

function isNothing({ paths }: RoutePlan): boolean {
  return paths.length === 0;
}

export function clipsOf({ to }: Pick<Route, 'to'>, name: string): Omit<EventTaken, 'at'> {
  const clips = to.filter((sink) => sink.kind === 'clips');
  const wants = clips.filter(({ on }) => on.length === 0 || on.includes(name));
  return { clips: wants.length, wanted: [...new Set(clips.flatMap(({ on }) => on))] };
}
