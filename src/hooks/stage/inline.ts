/** Mode inline: what the hook answers is the video. Pictures leave in order, and wait for the ones before them. */
import type { Answer, ShownFrame } from '../adapter.ts';
import type { Decoded } from '../picture.ts';
import type { HookSpec } from '../spec.ts';
import type { Clock } from './clock.ts';
import type { Outlet } from './outlet.ts';
import { Picker } from './pick.ts';
import { Queue, type Slot } from './queue.ts';
import type { Runner } from './runner.ts';

/** Milliseconds after which a waiting picture is not shown to a hook that keeps up, if there is a newer one. */
const STALE = 50;
/**
 * Milliseconds that the decoder waits for a hook that is faster than the source when pictures come in a bunch,
 * so that none is lost to it. A slower one is never waited for (but with `block`).
 */
const PATIENCE = 200;

export interface Flow {
  push(picture: Decoded): void;
  readonly full: boolean;
  whenRoom(callback: () => void): void;
  /** The hook is ready, or free again, or no longer there. */
  changed(): void;
  /** Nothing is under way. */
  readonly idle: boolean;
  /** Frees what it holds, and from now on all that comes back. */
  close(): void;
  readonly dropped: number;
}

export interface FlowSettings {
  spec: HookSpec;
  runner: Runner;
  outlet: Outlet;
  clock: Clock;
  /** Median milliseconds of the hook. */
  usual: () => number;
  /** For a file: pictures wait for the start of the hook as well. */
  everyFrame: boolean;
}

export class Inline implements Flow {
  dropped = 0;
  readonly #runner: Runner;
  readonly #outlet: Outlet;
  readonly #clock: Clock;
  readonly #when: HookSpec['whenBehind'];
  readonly #usual: () => number;
  readonly #everyFrame: boolean;
  readonly #picker: Picker;
  readonly #queue: Queue<Decoded>;
  #rooms: (() => void)[] = [];
  #offPatience = () => {};
  #askedAt = 0;
  #probing = false;
  #closed = false;
  #lastPts: bigint | undefined;
  /** Milliseconds between two pictures, smoothed. */
  #interval = 0;

  constructor({ spec, runner, outlet, clock, usual, everyFrame }: FlowSettings) {
    this.#runner = runner;
    this.#outlet = outlet;
    this.#clock = clock;
    this.#usual = usual;
    this.#everyFrame = everyFrame;
    this.#when = spec.whenBehind;
    this.#picker = new Picker(spec.pick);
    this.#queue = new Queue(spec.whenBehind, this.#picker.all);
  }

  push(picture: Decoded): void {
    this.#pace(picture.pts);
    const due = this.#picker.due(picture);
    const probe = due && !this.#runner.trusted && this.#runner.free && !this.#probing;
    const aside = probe ? picture.keep() : undefined;
    const slot: Slot<Decoded> = { picture, state: this.#stateOf(due) };
    if (slot.state === 'waiting' || probe) this.#picker.taken();
    const victim = this.#queue.add(slot, this.#runner.inFlight);
    if (victim) this.#drop(victim);
    this.changed();
    if (aside) this.#probe(aside);
  }

  #stateOf(due: boolean): Slot<Decoded>['state'] {
    if (!this.#awaited) return 'bad';
    if (!due) return 'plain';
    if (this.#picker.all || this.#when === 'block') return 'waiting';
    // The pictures behind it would wait twice. The next one that finds the hook free is shown in its place.
    return this.#runner.free && this.#queue.waiting.length === 0 ? 'waiting' : 'plain';
  }

  changed(): void {
    if (!this.#awaited) for (const slot of this.#queue.waiting) slot.state = 'bad';
    while (this.#runner.trusted && this.#runner.free) {
      const slot = this.#choose();
      if (!slot) break;
      this.#ask(slot);
    }
    this.#leave();
    this.#tellRoom();
  }

  #choose(): Slot<Decoded> | undefined {
    const waiting = this.#queue.waiting;
    const stale = this.#keepsUp ? STALE : 0;
    while (this.#when === 'latest' && waiting.length > 1) {
      const oldest = waiting[0]!;
      if (this.#clock.now() - oldest.picture.decodedAt <= stale) break;
      waiting.shift();
      this.#queue.remove(oldest);
      this.#drop(oldest.picture);
    }
    return waiting[0];
  }

  #ask(slot: Slot<Decoded>): void {
    if (this.#queue.asked === 0) this.#askedAt = this.#clock.now();
    slot.state = 'asked';
    this.#runner.ask(slot.picture, {
      accept,
      done: (picture, answer) => {
        slot.picture = picture;
        slot.state = answer === undefined ? 'bad' : answer.drop ? 'gone' : 'good';
        this.#askedAt = this.#clock.now();
        if (!this.#closed) return; // `changed` comes after it
        this.#queue.remove(slot);
        this.#drop(picture);
      },
    });
  }

  /** Asks beside the stream, which does not wait for it, whether a hook that hung works again. */
  #probe(picture: Decoded): void {
    this.#probing = true;
    this.#runner.ask(picture, {
      accept: () => {},
      done: (probed, answer) => {
        this.#probing = false;
        probed.free();
        if (answer) this.#outlet.faulty = false;
      },
    });
  }

  #leave(): void {
    for (let slot = this.#queue.next(); slot; slot = this.#queue.next()) {
      if (slot.state === 'good') this.#outlet.good(slot.picture);
      else if (slot.state === 'bad') this.#outlet.bad(slot.picture);
      else if (slot.state === 'plain') this.#outlet.plain(slot.picture);
      else {
        this.#outlet.faulty = false;
        this.#drop(slot.picture);
      }
    }
  }

  #drop(picture: Decoded): void {
    this.dropped++;
    picture.free();
  }

  #pace(pts: bigint): void {
    const gap = this.#lastPts === undefined ? 0 : Number(pts - this.#lastPts) / 90;
    this.#lastPts = pts;
    this.#interval = this.#interval === 0 ? gap : this.#interval * 0.9 + gap * 0.1;
  }

  get full(): boolean {
    if (this.#closed || !this.#awaited || !this.#queue.crowded(this.#runner.inFlight)) return false;
    return this.#when === 'block' || (this.#patience() > 0 && this.#keepsUp);
  }

  /** The hook is faster than the pictures come. */
  get #keepsUp(): boolean {
    return this.#usual() < this.#interval * 0.9;
  }

  /** Pictures wait for the hook. */
  get #awaited(): boolean {
    return this.#runner.trusted || (this.#everyFrame && this.#runner.state === 'starting');
  }

  #patience(): number {
    return this.#askedAt + PATIENCE - this.#clock.now();
  }

  whenRoom(callback: () => void): void {
    this.#rooms.push(callback);
    this.#tellRoom();
  }

  #tellRoom(): void {
    this.#offPatience();
    if (this.#rooms.length === 0) return;
    if (this.full) {
      if (this.#when !== 'block')
        this.#offPatience = this.#clock.after(this.#patience(), () => this.#tellRoom());
      return;
    }
    const rooms = this.#rooms;
    this.#rooms = [];
    for (const room of rooms) room();
  }

  get idle(): boolean {
    return this.#queue.length === 0;
  }

  close(): void {
    this.#closed = true;
    for (const picture of this.#queue.clear()) this.#drop(picture);
    this.#tellRoom();
  }
}

function accept(picture: Decoded, shown: ShownFrame, answer: Answer): void {
  if (answer.drop) return;
  if (answer.picture && !(answer.inPlace && isExcerpt(shown, picture))) picture.replace(answer.picture);
  if (answer.overlay) picture.draw(answer.overlay, { width: shown.width, height: shown.height });
}

/**
 * A hook that asked for less than the picture has (smaller, or without colours) did so to look at it. What it writes there
 * is not the video; a picture that it returns is.
 */
function isExcerpt(shown: ShownFrame, { width, height }: Decoded): boolean {
  return shown.format === 'gray8' || shown.width !== width || shown.height !== height;
}
