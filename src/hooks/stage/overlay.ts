/** Mode overlay: every picture leaves at once; the hook sees the newest when it is free, its last answer is drawn. */
import { messageOf } from '../../errors.ts';
import type { Answer, ShownFrame } from '../adapter.ts';
import type { Overlay, Size } from '../contract.ts';
import type { Decoded } from '../picture.ts';
import type { Clock } from './clock.ts';
import type { Flow, FlowSettings } from './inline.ts';
import type { Outlet } from './outlet.ts';
import { Picker } from './pick.ts';
import type { Runner } from './runner.ts';

export class Beside implements Flow {
  readonly dropped = 0;
  readonly full = false;
  readonly #runner: Runner;
  readonly #outlet: Outlet;
  readonly #clock: Clock;
  readonly #picker: Picker;
  readonly #fade: number;
  readonly #warn: (message: string) => void;
  /** The newest that the hook was not free for. */
  #pending: Decoded | undefined;
  #last: { overlay: Overlay; size: Size; sequence: number; at: number } | undefined;
  #asked = 0;
  #closed = false;
  #warned = false;

  constructor({ spec, runner, outlet, clock }: FlowSettings, warn: (message: string) => void) {
    this.#runner = runner;
    this.#outlet = outlet;
    this.#clock = clock;
    this.#picker = new Picker(spec.pick);
    this.#fade = spec.fade * 1000;
    this.#warn = warn;
  }

  push(picture: Decoded): void {
    if (this.#picker.due(picture)) {
      this.#picker.taken();
      // Kept before it is drawn on: what the hook sees are the pixels as they came.
      const kept = picture.keep();
      this.#pending?.free();
      this.#pending = kept;
    }
    this.#draw(picture);
    this.#outlet.plain(picture);
    this.changed();
  }

  #draw(picture: Decoded): void {
    if (this.#last && this.#clock.now() - this.#last.at >= this.#fade) this.#last = undefined;
    if (!this.#last || !this.#outlet.passes) return;
    try {
      picture.draw(this.#last.overlay, this.#last.size);
    } catch (error) {
      this.#last = undefined;
      this.#warn(`the hook's overlay can't be drawn: ${messageOf(error)}`);
    }
  }

  changed(): void {
    if (this.#closed) return;
    if (!this.#runner.free) {
      // One that is not there will want the newest when it is back.
      if (this.#runner.state !== 'ready') this.#forget();
      return;
    }
    const picture = this.#pending;
    if (!picture) return;
    this.#pending = undefined;
    this.#asked++;
    this.#runner.ask(picture, {
      accept: (_, shown, answer) => this.#accept(shown, answer),
      done: (asked, answer) => {
        this.#asked--;
        asked.free();
        this.#outlet.faulty = answer === undefined;
      },
    });
    this.changed();
  }

  #accept(shown: ShownFrame, answer: Answer): void {
    if ((answer.drop || answer.picture) && !this.#warned) {
      this.#warned = true;
      this.#warn('the hook answers with frames or drops them: in mode overlay that has no effect');
    }
    // With several under way an answer may be overtaken by that for a newer frame.
    if (this.#last && this.#last.sequence > shown.sequence) return;
    const { overlay } = answer;
    const size = { width: shown.width, height: shown.height };
    this.#last = overlay && { overlay, size, sequence: shown.sequence, at: this.#clock.now() };
  }

  whenRoom(callback: () => void): void {
    callback();
  }

  get idle(): boolean {
    return this.#asked === 0;
  }

  #forget(): void {
    this.#pending?.free();
    this.#pending = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#forget();
  }
}
