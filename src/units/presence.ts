/** Whose publisher is there: told to the recorder, with the reason why it went, so that gaps have a cause. */
import type { Plan, UnitSpec } from '../plan/types.ts';
import type { RecorderCommand } from '../record/types.ts';

export interface PresenceHost {
  send(command: RecorderCommand): void;
  /** Whether a publisher is there that came after this moment (Unix milliseconds). */
  isOnline(path: string, since: number): boolean;
  /** Unix milliseconds. */
  clock(): number;
}

interface Entry {
  online: boolean;
  /** When its last publisher went: who came before that is not there any more, whatever the server still says. */
  leftAt: number;
  reason: string | undefined;
  /** Its feed went, and its publisher stays: only who said so says when that is over. */
  held: boolean;
}

/** A reason that comes this much later (ms) than what it is the reason of is still told. */
const AFTERTHOUGHT = 3000;

export class Presence {
  readonly #host: PresenceHost;
  #paths = new Map<string, Entry>();

  constructor(host: PresenceHost) {
    this.#host = host;
  }

  /** The recorded paths of this plan. */
  set(plan: Plan): void {
    const names = plan.paths.flatMap(({ name, record }) => (record ? [name] : []));
    this.#paths = new Map(
      names.map((name) => [
        name,
        this.#paths.get(name) ?? { online: false, leftAt: 0, reason: undefined, held: false },
      ]),
    );
  }

  /** What a recorder that starts must know. */
  known(): RecorderCommand[] {
    return [...this.#paths].map(([path, entry]) => this.#command(path, entry));
  }

  /** A unit ended, or is about to. */
  ended(unit: UnitSpec, plan: Plan, reason: string): void {
    if (unit.kind !== 'ffmpeg' && unit.kind !== 'worker') return;
    for (const path of unit.publishes) this.#leave(path, reason, false);
    for (const path of fedBy(unit, plan)) this.#leave(path, reason, true);
  }

  /** A unit works again. */
  began(unit: UnitSpec, plan: Plan): void {
    for (const path of fedBy(unit, plan)) {
      const entry = this.#paths.get(path);
      if (!entry?.held) continue;
      entry.held = false;
      this.#come(path, entry);
    }
  }

  /** The server said who is there. */
  looked(): void {
    for (const [path, entry] of this.#paths) {
      if (entry.held) continue;
      const online = this.#host.isOnline(path, entry.leftAt);
      if (online && !entry.online) this.#come(path, entry);
      else if (!online && entry.online) this.#leave(path, undefined, false);
    }
  }

  /** With the server all publishers went, which needs no words of their own. */
  serverLost(): void {
    for (const entry of this.#paths.values()) {
      Object.assign(entry, {
        online: false,
        held: false,
        leftAt: this.#host.clock(),
        reason: 'the media server',
      });
    }
  }

  #come(path: string, entry: Entry): void {
    entry.online = true;
    entry.reason = undefined;
    this.#host.send(this.#command(path, entry));
  }

  #leave(path: string, reason: string | undefined, held: boolean): void {
    const entry = this.#paths.get(path);
    if (entry === undefined) return;
    const now = this.#host.clock();
    const late = !entry.online && entry.reason === undefined && now - entry.leftAt < AFTERTHOUGHT;
    if (!entry.online && !(late && reason)) return;
    if (entry.online) entry.leftAt = now;
    Object.assign(entry, { online: false, reason, held });
    this.#host.send(this.#command(path, entry));
  }

  #command(path: string, { online, leftAt, reason }: Entry): RecorderCommand {
    const at = (online || leftAt === 0 ? this.#host.clock() : leftAt) / 1000;
    return { type: 'path', path, online, at, ...(!online && reason !== undefined && { reason }) };
  }
}

/** What the workers publish that this unit feeds. */
function fedBy(unit: UnitSpec, plan: Plan): string[] {
  const workers = (unit.kind === 'ffmpeg' && unit.feeds) || [];
  return plan.units.flatMap((each) =>
    each.kind === 'worker' && workers.includes(each.id) ? each.publishes : [],
  );
}
