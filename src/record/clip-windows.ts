/** Events of one route → the spans of time that become clips. */
import type { ClipsSpec } from './types.ts';

/** At Unix seconds: the time of its picture, not of the call. */
export interface ClipEvent {
  name: string;
  at: number;
  data?: unknown;
}

/** Unix seconds. */
export interface ClipWindow {
  from: number;
  to: number;
  /** By time. */
  events: ClipEvent[];
}

/**
 * What became of an event. `ignored`: the sink doesn't want its name. `refused`: too soon after the last one.
 * `full`: more than can be kept.
 */
export type Taken = 'window' | 'merged' | 'refused' | 'full' | 'ignored';

/** How far the ring has come. */
export interface Progress {
  /** Unix seconds of now, and of the end of the newest footage. */
  now: number;
  newest?: number | undefined;
  /** A take goes on. */
  live: boolean;
}

/** Seconds that a packet may take from its arrival until it is read from the ring. */
const SETTLE = 5;
/** Seconds after which a take that says nothing is no longer waited for. */
const SILENT = 15;
/** Seconds that an event may come after its picture. */
const KEEP = 8;
/** Seconds: what is later than now by more than this is of a clock that was set back while nobody looked. */
export const AHEAD = 10;

/** Windows that are not cut yet, events of one of them, and names of which it is known when they came last. */
export const MOST_WINDOWS = 100;
export const MOST_EVENTS = 1000;
const MOST_NAMES = 1000;

/** What another one needs to go on. */
export interface WindowsState {
  open: ClipWindow[];
  /** By name: when the last event that counted was. */
  last: [name: string, at: number][];
}

export class ClipWindows {
  readonly #spec: ClipsSpec;
  #open: ClipWindow[];
  /** By name: when the last one that counted was. */
  readonly #last: Map<string, number>;

  constructor(spec: ClipsSpec, state: WindowsState = { open: [], last: [] }) {
    this.#spec = spec;
    this.#open = [...state.open];
    this.#last = new Map(state.last);
  }

  get state(): WindowsState {
    return { open: this.#open, last: [...this.#last] };
  }

  /** @param given windows that are due, and not cut yet */
  event(event: ClipEvent, given = 0): Taken {
    const { on, before, after, atMostEvery } = this.#spec;
    if (on.length > 0 && !on.includes(event.name)) return 'ignored';
    const last = this.#last.get(event.name);
    if (last !== undefined && Math.abs(event.at - last) < atMostEvery) return 'refused';
    const window = { from: event.at - before, to: event.at + after, events: [event] };
    const taken = this.#merge(window) ?? (this.#open.length + given < MOST_WINDOWS ? 'window' : 'full');
    if (taken === 'window') this.#open.push(window);
    if (taken !== 'full') this.#remember(event);
    return taken;
  }

  /** The wall clock was set: all goes by the new one. */
  step(by: number): void {
    for (const window of this.#open) moveWindow(window, by);
    for (const [name, at] of this.#last) this.#last.set(name, at + by);
  }

  /** Windows of which all is in the ring that will ever be; each is given once. */
  due({ now, newest, live }: Progress): ClipWindow[] {
    const isDue = ({ from, to }: ClipWindow): boolean =>
      (newest !== undefined && newest >= to) || now >= to + (live ? SILENT : SETTLE) || from > now + AHEAD;
    return this.#part(isDue);
  }

  /** Nothing more is recorded: all that are open, as far as they go. */
  finish(): ClipWindow[] {
    return this.#part(() => true);
  }

  /** Unix seconds: footage before this moment is needed by no clip, now or later. */
  keepFrom(now: number): number {
    const { before, after } = this.#spec;
    return Math.min(now - before - after - KEEP, ...this.#open.map(({ from }) => from));
  }

  #merge(window: ClipWindow): 'merged' | 'full' | undefined {
    if (this.#spec.overlap === 'split') return undefined;
    for (const each of this.#open) {
      if (window.from > each.to || window.to < each.from) continue;
      const [from, to] = [Math.min(each.from, window.from), Math.max(each.to, window.to)];
      if (to - from > this.#spec.longest) continue;
      if (each.events.length >= MOST_EVENTS) return 'full';
      each.from = from;
      each.to = to;
      each.events.push(...window.events);
      each.events.sort((a, b) => a.at - b.at);
      return 'merged';
    }
    return undefined;
  }

  /** Names come from outside: those that no longer matter are forgotten. */
  #remember({ name, at }: ClipEvent): void {
    const { atMostEvery } = this.#spec;
    if (atMostEvery === 0) return;
    const last = Math.max(at, this.#last.get(name) ?? at);
    this.#last.delete(name);
    this.#last.set(name, last);
    // The one that came longest ago stands first.
    for (const [other] of this.#last) if (this.#last.size > MOST_NAMES) this.#last.delete(other);
  }

  #part(isDue: (window: ClipWindow) => boolean): ClipWindow[] {
    const due = this.#open.filter(isDue).sort((a, b) => a.to - b.to);
    this.#open = this.#open.filter((window) => !due.includes(window));
    return due;
  }
}

/** The wall clock was set. */
export function moveWindow(window: ClipWindow, by: number): void {
  window.from += by;
  window.to += by;
  for (const event of window.events) event.at += by;
}
