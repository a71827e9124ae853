/**
 * One sink of a path, which may fail without harm to the others. What could not be opened at the start is opened as
 * soon as that is possible: it then begins at the next key frame.
 */
import { messageOf } from '../errors.ts';
import type { Attempts } from './attempts.ts';
import { Continuity } from './continuity.ts';
import type { DiskState } from './disk.ts';
import type { Earlier } from './earlier.ts';
import type { FootageEvent } from './footage.ts';
import { absences, Causes } from './gap.ts';
import type { RunningSink, SinkHost } from './sink.ts';
import { leadOf } from './tracks.ts';
import type { GapEntry, Init, RecorderCommand, Sample, Take } from './types.ts';

export interface GuardedOptions {
  /** Its folder or file, in words about it. */
  place: string;
  open: () => Promise<RunningSink>;
  host: Pick<SinkHost, 'report' | 'route' | 'now'>;
  attempts: Attempts;
  /** Unix seconds: the gateway's start. */
  since: number;
  /** What is known to have happened to the path. */
  causes: Causes;
}

export class GuardedSink {
  readonly #options: GuardedOptions;
  #sink: RunningSink | undefined;
  /** Of what its own ledger has. */
  #continuity: Continuity | undefined;
  /** Why it was not open at the start. */
  #trouble: string | undefined;
  /** It hears of what happens. */
  #joined = false;
  #init: Init | undefined;
  #take: Take | undefined;

  constructor(options: GuardedOptions) {
    this.#options = options;
  }

  get place(): string {
    return this.#options.place;
  }

  get isOpen(): boolean {
    return this.#sink !== undefined;
  }

  get earlier(): Earlier | undefined {
    return this.#sink?.earlier;
  }

  get oldest(): Sample | undefined {
    return this.#sink?.oldest;
  }

  get disk(): DiskState | undefined {
    return this.#sink?.disk;
  }

  get figures(): RunningSink['figures'] | undefined {
    return this.#sink?.figures;
  }

  /** Rejects when it can't be opened now. */
  async open(): Promise<void> {
    if (this.#sink) return;
    this.#sink = await this.#options.open().catch((error: unknown) => {
      this.#trouble = messageOf(error);
      throw error;
    });
    if (this.#sink.gap) this.#continuity = new Continuity(this.#sink.earlier);
    this.#joined = this.#init === undefined;
  }

  push(event: FootageEvent): void {
    if (event.type === 'init') this.#init = event.init;
    else if (event.type === 'take') this.#take = event.take;
    this.#guard((sink) => {
      if (!this.#joined) this.#join(sink, event);
      else this.#push(sink, event, this.#options.causes);
    });
    if (event.type === 'end') this.#take = undefined;
  }

  /** Before the first event. @param runs those of the ring, in their order */
  resume(runs: readonly string[]): void {
    this.#continuity?.resume(runs);
  }

  event(event: Omit<Extract<RecorderCommand, { type: 'event' }>, 'type' | 'route'>): void {
    this.#guard((sink) => sink.event?.(event));
  }

  step(at: number, step: number): Promise<void> {
    this.#continuity?.step(step);
    return this.#attempt((sink) => sink.step?.(at, step));
  }

  work(): Promise<void> {
    return this.#attempt((sink) => sink.work());
  }

  finish(): Promise<void> {
    return this.#attempt((sink) => sink.finish());
  }

  close(): Promise<void> {
    return this.#attempt((sink) => sink.close?.());
  }

  /** Late: with the next key frame, as if the take began there. */
  #join(sink: RunningSink, event: FootageEvent): void {
    const take = this.#take;
    if (!take) return;
    const begin = beginAt(take, event);
    if (!begin) return;
    this.#joined = true;
    for (const init of new Set([take.init, this.#init ?? take.init])) sink.push({ type: 'init', init });
    const gap = this.#push(sink, begin, this.#absence());
    const { host } = this.#options;
    if (gap) host.report({ route: host.route, ...gap });
    if (event !== begin) sink.push(event);
  }

  #push(sink: RunningSink, event: FootageEvent, causes: Causes): GapEntry | undefined {
    const gap = this.#continuity?.gap(event, causes);
    if (gap) sink.gap?.(gap);
    sink.push(event);
    return gap;
  }

  /** What a ledger that ends long ago doesn't know of. */
  #absence(): Causes {
    const causes = new Causes();
    const last = this.earlier?.last;
    if (!last) return causes;
    const now = this.#options.host.now();
    for (const absence of absences(last.to, this.#options.since, now)) causes.add(absence);
    const reason = this.#trouble ?? 'it could not be opened';
    causes.add({ from: last.to, to: now, cause: 'disk-error', reason });
    return causes;
  }

  #guard(work: (sink: RunningSink) => void): void {
    try {
      if (this.#sink) work(this.#sink);
    } catch (error) {
      this.#options.attempts.failed(this.place, error);
    }
  }

  async #attempt(work: (sink: RunningSink) => Promise<void> | undefined): Promise<void> {
    const sink = this.#sink;
    if (sink) await this.#options.attempts.run(this.place, () => work(sink));
  }
}

function beginAt(take: Take, event: FootageEvent): Extract<FootageEvent, { type: 'take' }> | undefined {
  if (event.type === 'take') return event;
  if (event.type !== 'sample') return undefined;
  const lead = leadOf(take.init);
  const { track, key, dts, pts } = event.sample;
  return track === lead?.id && (key || lead.kind === 'audio') ? { type: 'take', take, dts, pts } : undefined;
}
