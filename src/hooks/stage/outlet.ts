/** Where pictures leave: what viewers see of the good ones, and by `onError` of the others. */
import type { Decoded } from '../picture.ts';
import type { HookSpec } from '../spec.ts';

export class Outlet {
  /** The hook is not there, or failed on the last frame that it was asked about. */
  faulty = true;
  /** Pictures that did not get out. */
  withheld = 0;
  readonly #onError: HookSpec['onError'];
  readonly #emit: (picture: Decoded) => void;
  #held: Decoded | undefined;

  constructor(onError: HookSpec['onError'], emit: (picture: Decoded) => void) {
    this.#onError = onError;
    this.#emit = emit;
  }

  get muted(): boolean {
    return this.#onError === 'stop' && this.faulty;
  }

  /** Whether a picture that the hook has not answered for gets out as it is now. */
  get passes(): boolean {
    return !this.faulty || this.#onError === 'pass';
  }

  /** A picture that the hook answered for. */
  good(picture: Decoded): void {
    this.faulty = false;
    this.plain(picture);
  }

  /** One that the hook failed on, or was not asked about because it is not there. */
  bad(picture: Decoded): void {
    this.faulty = true;
    this.plain(picture);
  }

  /** One that the hook is not asked about: it goes the way of the last one that it was. */
  plain(picture: Decoded): void {
    if (!this.faulty) {
      if (this.#onError === 'hold') {
        this.#held?.free();
        this.#held = picture.keep();
      }
      this.#emit(picture);
    } else if (this.#onError === 'pass') this.#emit(picture);
    else if (this.#onError === 'hold' && this.#held) {
      const shown = this.#held.at(picture);
      picture.free();
      this.#emit(shown);
    } else {
      this.withheld++;
      picture.free();
    }
  }

  close(): void {
    this.#held?.free();
    this.#held = undefined;
  }
}
