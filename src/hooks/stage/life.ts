/**
 * One adapter from its start to its end, and the frames that it has. A picture is handed over when it is asked
 * about and handed back exactly once. If that is before the adapter let go of its pixels, it is another handle on
 * them that is handed back, and they stay until the adapter is done with them or dead.
 */
import { messageOf } from '../../errors.ts';
import type { Adapter, AdapterHost, Answer, ShownFrame, Wishes } from '../adapter.ts';
import type { PixelFormat, Size } from '../contract.ts';
import type { Decoded } from '../picture.ts';
import { type Clock, within } from './clock.ts';

const START = 30_000;
/** An adapter tears down within a second and kills at once; what takes longer is not waited for. */
const TEAR_DOWN = 3000;
const KILL = 5000;

export interface LifeSettings {
  create: (host: AdapterHost) => Adapter;
  clock: Clock;
  format: PixelFormat | undefined;
  size: Size | undefined;
  /** Milliseconds for one frame. */
  timeout: number;
  /** A frame that takes too long means that the hook hangs. Not for a server, which others use as well. */
  killWhenLate: boolean;
  spent: (phase: 'convert' | 'queueAge' | 'hook', ms: number) => void;
}

export interface LifeEvents {
  log: AdapterHost['log'];
  event: AdapterHost['event'];
  ready: (life: Life) => void;
  /** It failed to start, or was lost, killed for its hanging, or ended by `end`. */
  ended: (life: Life, reason: string, frames: number) => void;
}

export type Outcome =
  | { picture: Decoded; shown: ShownFrame; answer: Answer }
  /** `late`: there was no answer; it isn't known whether there would have been one. */
  | { picture: Decoded; error: string; late: boolean };

interface Flight {
  picture: Decoded;
  abort: AbortController;
  settle: (outcome: Outcome) => void;
  off: () => void;
}

export class Life {
  wishes: Wishes | undefined;
  readonly #settings: LifeSettings;
  readonly #events: LifeEvents;
  readonly #adapter: Adapter;
  readonly #starting = new AbortController();
  readonly #flights = new Set<Flight>();
  /** Pictures that were given up on while the adapter may still read them. */
  readonly #lent = new Set<Decoded>();
  /** Calls off the bound on its start. */
  #noLonger = () => {};
  #ended = false;
  #retired: (() => void) | undefined;
  #gone: Promise<void> | undefined;

  constructor(settings: LifeSettings, events: LifeEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#adapter = settings.create({
      log: events.log,
      event: events.event,
      lost: (reason) => this.end(reason),
    });
  }

  start(): void {
    const late = () => this.end(`it was not ready within ${START / 1000} s`);
    this.#noLonger = this.#settings.clock.after(START, late);
    (async () => this.#adapter.start(this.#starting.signal))().then(
      (wishes) => {
        if (this.#ended) return;
        this.#noLonger();
        this.wishes = wishes;
        this.#events.ready(this);
      },
      (error) => this.end(messageOf(error)),
    );
  }

  get ready(): boolean {
    return this.wishes !== undefined && !this.#ended;
  }

  get inFlight(): number {
    return Math.max(1, this.wishes?.inFlight ?? 1);
  }

  /** Frames that it has. */
  get frames(): number {
    return this.#flights.size;
  }

  get memory(): number {
    return this.#ended ? 0 : this.#adapter.memory();
  }

  ask(picture: Decoded, settle: (outcome: Outcome) => void): void {
    const flight: Flight = {
      picture,
      abort: new AbortController(),
      settle,
      off: this.#settings.clock.after(this.#settings.timeout, () => this.#late(flight)),
    };
    this.#flights.add(flight);
    this.#process(flight).then(
      (outcome) => this.#landed(flight, outcome),
      (error) => this.#landed(flight, { picture, error: messageOf(error), late: false }),
    );
  }

  async #process(flight: Flight): Promise<Outcome> {
    const { clock, format, size, spent } = this.#settings;
    const { picture } = flight;
    const began = clock.now();
    const shown = picture.show(format ?? this.wishes?.format ?? 'yuv420p', size ?? this.wishes?.size);
    const asked = clock.now();
    spent('convert', asked - began);
    spent('queueAge', asked - picture.decodedAt);
    const answer = await this.#adapter.process(shown, flight.abort.signal);
    if (this.#flights.has(flight)) spent('hook', clock.now() - asked);
    return { picture, shown, answer };
  }

  #landed(flight: Flight, outcome: Outcome): void {
    // While it is being ended, its last word may come before its last look: then its end is waited for.
    if (!this.#ended && this.#lent.delete(flight.picture)) flight.picture.free();
    if (!this.#flights.delete(flight)) return;
    flight.off();
    flight.settle(outcome);
    if (this.#flights.size === 0) this.#retired?.();
  }

  #late(flight: Flight): void {
    const reason = `no answer within ${this.#settings.timeout / 1000} s`;
    if (this.#settings.killWhenLate) this.end(reason);
    else this.#giveUp([flight], reason);
  }

  #giveUp(flights: Flight[], error: string): void {
    for (const flight of flights) {
      this.#flights.delete(flight);
      flight.off();
      this.#lent.add(flight.picture);
      const picture = flight.picture.keep();
      flight.abort.abort();
      flight.settle({ picture, error, late: true });
    }
    if (this.#flights.size === 0) this.#retired?.();
  }

  /** Something is wrong with it: kills it, tells, and gives up on the frames that it has. */
  end(reason: string): void {
    if (this.#ended) return;
    const frames = this.#flights.size;
    this.#finish(() => this.#adapter.kill());
    this.#events.ended(this, reason, frames);
    this.#giveUp([...this.#flights], reason);
  }

  /** Ends it when it has answered for the frames that it has, without a word. */
  retire(): Promise<void> {
    if (this.#flights.size === 0) return this.stop();
    return new Promise((resolve) => {
      this.#retired = () => {
        this.#retired = undefined;
        resolve(this.stop());
      };
    });
  }

  /** Lets it tear down; gives up on the frames that it has. */
  stop(): Promise<void> {
    if (!this.#ended) {
      this.#finish(async () => {
        // One that was never ready has nothing to tear down.
        if (this.wishes && (await within(this.#settings.clock, TEAR_DOWN, this.#adapter.stop()))) return;
        await this.#adapter.kill();
      });
      this.#giveUp([...this.#flights], 'the hook was stopped');
    }
    return this.#gone ?? Promise.resolve();
  }

  #finish(end: () => Promise<void>): void {
    this.#ended = true;
    this.#noLonger();
    this.#starting.abort();
    const ended = (async () => end())().then(
      () => {
        // Nothing of it is left that could read them.
        for (const picture of this.#lent) picture.free();
        this.#lent.clear();
      },
      (error) => this.#events.log('error', `the hook could not be ended: ${messageOf(error)}`),
    );
    this.#gone = within(this.#settings.clock, TEAR_DOWN + KILL, ended).then(() => undefined);
  }

  /** Resolves when it has ended, whichever way. */
  get gone(): Promise<void> {
    return this.#gone ?? Promise.resolve();
  }
}
