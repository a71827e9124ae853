/** Recording between recorder, server and publishers: who must know what of whom. */
import { eventNamePattern } from '../config/values.ts';
import { dataTrouble } from '../observe/event-data.ts';
import type { Log } from '../observe/log.ts';
import type { ExitCause, GatewayEvent, UnitState } from '../observe/state.ts';
import type { PathSpec, Plan, RecorderUnit } from '../plan/types.ts';
import type { RecorderCommand, RecorderReport } from '../record/types.ts';
import { Presence } from './presence.ts';
import { RecordSwitch } from './record-switch.ts';
import { tellRecorder } from './recorder-report.ts';
import { RingFolders } from './ring-folders.ts';
import type { Timing } from './timing.ts';

type RecordReport = Extract<RecorderReport, { type: 'record' }>;

export interface RecordingHost {
  log: Log;
  timing: Timing;
  onEvent(event: GatewayEvent): void;
  /** To the recorder that runs, if one does. */
  send(command: RecorderCommand): void;
  isOnline(path: string, since: number): boolean;
  /** Makes the server record what is to be recorded. */
  sync(): Promise<void>;
}

export class Recording {
  readonly #host: RecordingHost;
  readonly #switch: RecordSwitch;
  readonly #presence: Presence;
  readonly #folders = new RingFolders();
  /** By path: what the recorder said last. */
  readonly #word = new Map<string, RecordReport>();
  /** Names of events that can make no clip, told once. */
  readonly #refused = new Set<string>();
  #plan: Plan | undefined;
  #away: NodeJS.Timeout | undefined;
  /** What was said last of the server: when it ended, and when it answered again. */
  #server: Extract<RecorderCommand, { type: 'server' }>[] = [];

  constructor(host: RecordingHost) {
    this.#host = host;
    this.#switch = new RecordSwitch(host.timing.recorderLook);
    this.#presence = new Presence({ send: host.send, isOnline: host.isOnline, clock: Date.now });
  }

  set(plan: Plan): void {
    this.#plan = plan;
    this.#switch.set(plan);
    this.#presence.set(plan);
  }

  /** Where the server is to record this path now; undefined: nowhere. */
  ringOf(spec: PathSpec): string | undefined {
    return spec.record && this.#switch.isOn(spec) ? this.#folders.pathOf(spec.record.ring) : undefined;
  }

  /** A publisher of these paths may start. */
  whenSaid(paths: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#switch.whenSaid(paths, signal);
  }

  /** What a recorder that starts must know. */
  known(): RecorderCommand[] {
    return [...this.#server, ...this.#presence.known()];
  }

  report(recorder: RecorderUnit, report: RecorderReport): void {
    if (report.type === 'record') void this.#recorded(recorder, report);
    else tellRecorder(recorder, report, this.#host);
  }

  async #recorded(recorder: RecorderUnit, report: RecordReport): Promise<void> {
    const { path } = report;
    const ring = recorder.paths.find((each) => each.path === path)?.ring;
    if (ring === undefined) return;
    this.#word.set(path, report);
    // What was replaced meanwhile is seen by the recorder, too, which then says so.
    if (report.on && !(await this.#folders.hold(ring, report.folder))) return;
    if (this.#word.get(path) !== report) return;
    // The same word again may mean another folder of the same name.
    const news = this.#switch.say(path, ring, report.on);
    if (news) tellRecorder(recorder, report, this.#host);
    await this.#host.sync();
    if (news) this.#switch.settled();
  }

  /** Something happened on a route: clips are cut around it. */
  event(route: string, name: string, data: unknown): void {
    const recorded = this.#plan?.units.some(
      (unit) => unit.kind === 'recorder' && unit.routes.includes(route),
    );
    if (!recorded) return;
    if (eventNamePattern.test(name)) {
      const trouble = dataTrouble(data);
      if (trouble !== undefined)
        this.#host.log.debug({ route }, `event ${name}: its data are left out: ${trouble}`);
      const told = data !== undefined && trouble === undefined && { data };
      this.#host.send({ type: 'event', route, name, ...told, at: Date.now() / 1000 });
    } else if (this.#refused.size < 100 && !this.#refused.has(name)) {
      this.#refused.add(name);
      const why = 'a name of letters, digits, _ . and - is needed for that';
      this.#host.log.warn({ route }, `events "${name.slice(0, 80)}" make no clips: ${why}`);
    }
  }

  unitChanged(id: string, state: UnitState, why: ExitCause | undefined): void {
    const unit = this.#plan?.units.find((spec) => spec.id === id);
    if (!unit || !this.#plan) return;
    if (unit.kind === 'recorder') this.#watch(state);
    if (state === 'running') this.#presence.began(unit, this.#plan);
    else if (state === 'finished') this.#presence.ended(unit, this.#plan, 'its source came to its end');
    else if (why && (state === 'stopping' || state === 'waiting')) {
      this.#presence.ended(unit, this.#plan, why.reason);
    }
  }

  /** These are recorded no longer, or elsewhere: the server closes its files, and the recorder ends with what is open. */
  async end(rings: readonly { path: string; ring: string }[]): Promise<void> {
    if (rings.length === 0) return;
    for (const { path, ring } of rings) {
      this.#word.delete(path);
      this.#switch.say(path, ring, false);
    }
    await this.#host.sync();
    for (const { path } of rings) this.#host.send({ type: 'over', path });
  }

  /** Nothing is written any more. */
  close(): Promise<void> {
    return this.#folders.close();
  }

  /** The server said who publishes. */
  looked(): void {
    this.#presence.looked();
  }

  serverUp(): void {
    this.#tellServer({ type: 'server', up: true, at: Date.now() / 1000 });
  }

  /** It does not serve any more; what of it still runs closes its files. */
  serverLost(): void {
    this.#presence.serverLost();
  }

  serverEnded(reason: string): void {
    if (this.#server.at(-1)?.up)
      this.#tellServer({ type: 'server', up: false, at: Date.now() / 1000, reason });
  }

  /** The disk must not run full while nobody looks. */
  #watch(state: UnitState): void {
    if (state === 'running' || state === 'idle') {
      clearTimeout(this.#away);
      this.#away = undefined;
    } else {
      this.#away ??= setTimeout(() => this.#switchOff(), this.#host.timing.recorderAway).unref();
    }
  }

  #switchOff(): void {
    if (!this.#switch.off()) return;
    this.#host.log.error('nothing is recorded any more: the recorder does not come back');
    void this.#host.sync();
  }

  #tellServer(command: Extract<RecorderCommand, { type: 'server' }>): void {
    this.#server = [...this.#server.filter(({ up }) => command.up && !up), command];
    this.#host.send(command);
  }
}
