/** Places for frames in shared memory: one for each frame under way, and one whose answer is being read. */
import { createMapper, createShared, removeShared, renewed, type SharedMemory } from './memory.ts';

/** Mappings of single places must begin at a page, which may have 64 KiB. */
const PAGE = 1 << 16;

export interface Slot {
  ring: Ring;
  offset: number;
}

export class Ring {
  readonly file: string;
  readonly slotBytes: number;
  readonly bytes: number;
  /** The other side has mapped it too. */
  mapped = false;
  readonly #memory: SharedMemory;
  readonly #whole: ArrayBuffer;
  readonly #free: number[];
  readonly #slots: number;
  #retired = false;
  #closed = false;

  /** undefined: no memory to share here. */
  static create(folders: readonly string[], slots: number, frameBytes: number): Ring | undefined {
    const slotBytes = Math.ceil(frameBytes / PAGE) * PAGE;
    const mapper = createMapper();
    const shared = mapper && createShared(mapper, folders, slotBytes * slots);
    return shared && new Ring(shared.file, shared.memory, slotBytes, slots);
  }

  private constructor(file: string, memory: SharedMemory, slotBytes: number, slots: number) {
    this.file = file;
    this.slotBytes = slotBytes;
    this.bytes = slotBytes * slots;
    this.#memory = memory;
    this.#whole = memory.view(0, this.bytes);
    this.#slots = slots;
    this.#free = Array.from({ length: slots }, (_, index) => index * slotBytes);
  }

  take(): Slot | undefined {
    const offset = this.#free.shift();
    return offset === undefined ? undefined : { ring: this, offset };
  }

  give(slot: Slot): void {
    this.#free.push(slot.offset);
    if (this.#retired && this.#free.length === this.#slots) this.close();
  }

  /** A part of a slot. Empty after close. */
  part(slot: Slot, offset: number, bytes: number): Buffer {
    return Buffer.from(this.#whole, slot.offset + offset, bytes);
  }

  /** Nothing can open it any more; those who have it keep it. */
  unlink(): void {
    removeShared(this.file);
  }

  /** Closes as soon as no slot is taken. */
  retire(): void {
    this.unlink();
    this.#retired = true;
    if (this.#free.length === this.#slots) this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.unlink();
    // Before the memory goes: reading a Buffer without memory behind it would end this process.
    renewed(this.#whole);
    this.#memory.close();
  }
}
