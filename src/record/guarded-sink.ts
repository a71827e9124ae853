/**
 * One sink of a path, which may fail without harm to the others. What could not be opened at the start is opened as
 * soon as that is possible: it then begins at the next key frame.
 */
import { messageOf } from '../errors.ts';
import type { Attempts } from './attempts.ts';
import type { DiskState } from './disk.ts';
import type { FootageEvent } from './footage.ts';
import { absences, beginningOf, Causes, endingOfSegment, gapBetween } from './gap.ts';
import { SegmentsSink } from './segments.ts';
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
}

export class GuardedSink {
  readonly #options: GuardedOptions;
  #sink: RunningSink | undefined;
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

  get segments(): SegmentsSink | undefined {
    return this.#sink instanceof SegmentsSink ? this.#sink : undefined;
  }

  get last(): RunningSink['last'] {
    return this.#sink?.last;
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
    this.#joined = this.#init === undefined;
  }

  push(event: FootageEvent): void {
    if (event.type === 'init') this.#init = event.init;
    else if (event.type === 'take') this.#take = event.take;
    this.#guard((sink) => {
      if (!this.#joined) this.#join(sink, event);
      else sink.push(event);
    });
    if (event.type === 'end') this.#take = undefined;
  }

  resume(): void {
    this.#guard((sink) => sink.resume?.());
  }

  gap(gap: GapEntry): void {
    if (this.#joined) this.#guard((sink) => sink.gap?.(gap));
  }

  event(event: Omit<Extract<RecorderCommand, { type: 'event' }>, 'type' | 'route'>): void {
    this.#guard((sink) => sink.event?.(event));
  }

  step(at: number, step: number): Promise<void> {
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
    this.#missed(begin);
    for (const init of new Set([take.init, this.#init ?? take.init])) sink.push({ type: 'init', init });
    sink.push(begin);
    if (event !== begin) sink.push(event);
  }

  /** A ledger that ends long ago. */
  #missed(begin: Extract<FootageEvent, { type: 'take' }>): void {
    const { segments } = this;
    const last = segments?.last;
    if (!segments || !last) return;
    if (last.run === begin.take.run) segments.resume();
    const { host, since } = this.#options;
    const now = host.now();
    const causes = new Causes();
    for (const absence of absences(last.to, since, now)) causes.add(absence);
    causes.add({
      from: last.to,
      to: now,
      cause: 'disk-error',
      reason: this.#trouble ?? 'it could not be opened',
    });
    const gap = gapBetween(endingOfSegment(last), beginningOf(begin), causes);
    if (!gap) return;
    host.report({ route: host.route, ...gap });
    segments.gap(gap);
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
