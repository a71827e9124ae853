/**
 * Places of frames in shared memory. User code never sees that memory, because Node can't take a mapped
 * ArrayBuffer away from it again (a transfer copies it): it gets a buffer of JavaScript's own, which is filled
 * when it looks at the pixels, and made new after each frame by transfer: what it kept of it is empty then,
 * no frame's pixels are seen or written by another's code, and nothing is allocated for each frame.
 */
import { renewed, type SharedMemory } from '../wire/memory.ts';

export class Places {
  readonly #memory: SharedMemory;
  readonly #whole: ArrayBuffer;
  #spare = new ArrayBuffer(0);

  constructor(memory: SharedMemory) {
    this.#memory = memory;
    this.#whole = memory.view(0, memory.bytes);
  }

  /** The shared memory itself: not for user code. */
  place(offset: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#whole, offset, bytes);
  }

  /** The pixels for user code, until `settle`. */
  show(offset: number, bytes: number): ArrayBuffer {
    if (this.#spare.byteLength !== bytes) this.#spare = new ArrayBuffer(bytes);
    new Uint8Array(this.#spare).set(this.place(offset, bytes));
    return this.#spare;
  }

  settle(): void {
    // Empty: user code gave it to another thread.
    if (this.#spare.byteLength > 0) this.#spare = renewed(this.#spare);
  }

  close(): void {
    this.#memory.close();
  }
}
