/** Frames under way to one hook and back: at most as many as it has credits. */
import type { Answer, ShownFrame } from '../adapter.ts';
import type { HookResult, Overlay, Picture } from '../contract.ts';
import { encode, WireError } from './codec.ts';
import { checkedLayout, type PictureLayout } from './layout.ts';
import type { BadResult, Result, ToHook } from './messages.ts';
import { Ring, type Slot } from './ring.ts';

/** Bytes of shared memory for one hook: what it may ask for is no measure. What doesn't fit goes through the socket. */
const MOST_SHARED = 96 * 1024 ** 2;

interface Flight {
  layout: PictureLayout;
  bytes: number;
  slot: Slot | undefined;
  /** Nobody waits for it any more, but its place is the hook's until it answers. */
  abandoned: boolean;
  settle(outcome: Answer | Error): void;
}

export interface FramesOptions {
  credits: number;
  /** Folders for shared memory, best first; none: pixels go through the socket. */
  folders: readonly string[];
  /** Answers may have pixels. */
  pixels: boolean;
  send(bytes: Buffer): void;
}

export class Frames {
  readonly #options: FramesOptions;
  readonly #flights = new Map<number, Flight>();
  readonly #waiting: (() => void)[] = [];
  #share: boolean;
  #ring: Ring | undefined;
  /** Its pixels are being read by who got the last answer. */
  #held: Slot | undefined;
  #over: string | undefined;

  constructor(options: FramesOptions) {
    this.#options = options;
    this.#share = options.folders.length > 0;
  }

  async show(frame: ShownFrame, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    while (this.#over === undefined && this.#flights.size >= this.#options.credits) await this.#room(signal);
    if (this.#over !== undefined) throw new Error(this.#over);
    if (this.#flights.has(frame.sequence)) throw new Error(`frame ${frame.sequence} is under way already`);
    return new Promise((resolve, reject) => {
      const flight: Flight = {
        ...this.#send(frame),
        abandoned: false,
        settle: (outcome) => {
          signal.removeEventListener('abort', abandon);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        },
      };
      const abandon = (): void => {
        flight.abandoned = true;
        reject(signal.reason);
      };
      signal.addEventListener('abort', abandon, { once: true });
      this.#flights.set(frame.sequence, flight);
    });
  }

  /** Throws WireError for an answer to nothing. */
  answered(result: Result | BadResult, payload: Buffer): void {
    const flight = this.#flights.get(result.sequence);
    if (flight === undefined)
      throw new WireError(`an answer to frame ${result.sequence}, which it has not got`);
    this.#flights.delete(result.sequence);
    this.#waiting.shift()?.();
    this.#release(this.#held);
    this.#held = flight.slot;
    if (flight.abandoned) return;
    flight.settle(this.#read(result, payload, flight));
  }

  mapped(file: string, ok: boolean): void {
    const ring = this.#ring;
    if (ring === undefined || ring.mapped || file !== ring.file)
      throw new WireError('mapped: not what was offered');
    ring.unlink();
    ring.mapped = ok;
    if (ok) return;
    this.#share = false;
    this.#ring = undefined;
    ring.close();
  }

  /** No answer comes any more. */
  end(reason: string): void {
    if (this.#over !== undefined) return;
    this.#over = reason;
    for (const flight of this.#flights.values()) flight.settle(new Error(reason));
    for (const go of this.#waiting.splice(0)) go();
  }

  /** After end, when the hook's process is gone: what answers have shown is empty from now on. */
  close(): void {
    this.end('the hook was ended');
    const rings = [
      this.#ring,
      this.#held?.ring,
      ...[...this.#flights.values()].map(({ slot }) => slot?.ring),
    ];
    for (const ring of rings) ring?.close();
    this.#flights.clear();
  }

  #room(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      this.#waiting.push(go);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #send(frame: ShownFrame): Pick<Flight, 'layout' | 'bytes' | 'slot'> {
    const { format, width, height, pts, sequence, timeBase, timestamp, wallClock, keyFrame } = frame;
    const layout: PictureLayout = { format, width, height, planes: [] };
    const parts: Buffer[] = [];
    let bytes = 0;
    for (const { data, stride, width, height } of frame.planes) {
      layout.planes.push({ offset: bytes, stride, width, height });
      parts.push(data.subarray(0, stride * height));
      bytes += stride * height;
    }
    const slot = this.#place(bytes);
    const header: ToHook = {
      type: 'frame',
      sequence,
      pts: String(pts),
      timeBase,
      timestamp,
      wallClock,
      keyFrame,
      ...layout,
      bytes,
      ...(slot && { memory: { offset: slot.offset, bytes: slot.ring.slotBytes } }),
    };
    for (const [index, part] of parts.entries()) {
      const { offset, stride, height } = layout.planes[index]!;
      if (slot !== undefined) slot.ring.part(slot, offset, part.length).set(part);
      // The last row may come without its padding.
      else if (part.length < stride * height) parts[index] = Buffer.concat([part], stride * height);
    }
    this.#options.send(encode({ ...header }, slot ? [] : parts));
    return { layout, bytes, slot };
  }

  /** A place in shared memory; undefined while there is none. */
  #place(bytes: number): Slot | undefined {
    if (!this.#share) return undefined;
    const ring = this.#ring;
    if (ring !== undefined && bytes <= ring.slotBytes) return ring.mapped ? ring.take() : undefined;
    if (ring !== undefined && !ring.mapped) return undefined;
    ring?.retire();
    const { folders, credits, send } = this.#options;
    const slots = Math.min(credits + 1, Math.floor(MOST_SHARED / bytes));
    this.#ring = slots < 2 ? undefined : Ring.create(folders, slots, bytes);
    if (this.#ring === undefined) this.#share = false;
    else send(encode({ type: 'memory', file: this.#ring.file, bytes: this.#ring.bytes }));
    return undefined;
  }

  #release(slot: Slot | undefined): void {
    slot?.ring.give(slot);
  }

  #read(result: Result | BadResult, payload: Buffer, flight: Flight): Answer | Error {
    if (result.type === 'bad-result')
      return new Error(`the hook answered what can't be used: ${result.error}`);
    if (result.error !== undefined) return new Error(result.error);
    const { drop, overlay, events, meta } = result;
    try {
      const picture = this.#options.pixels ? picturePart(result, payload, flight) : undefined;
      return {
        ...(picture && { picture, inPlace: result.picture === undefined }),
        ...(drop && { drop }),
        ...(overlay && { overlay: overlay as Overlay }),
        ...(events && { events: events as NonNullable<HookResult['events']> }),
        ...(meta !== undefined && { meta }),
      };
    } catch (error) {
      return new Error(`the hook answered what can't be used: ${(error as Error).message}`);
    }
  }
}

function picturePart(result: Result, payload: Buffer, { slot, layout, bytes }: Flight): Picture | undefined {
  const { memory, picture } = result;
  if (!memory && picture === undefined && payload.length === 0) return undefined;
  if (memory && payload.length > 0) throw new RangeError('pixels in shared memory and in the payload');
  if (memory && slot === undefined) throw new RangeError('this frame was not in shared memory');
  const room = memory ? slot!.ring.slotBytes : payload.length;
  if (picture === undefined && room < bytes) throw new RangeError(`${room} bytes of pixels, not ${bytes}`);
  const { format, width, height, planes } = picture ? checkedLayout(picture, room) : layout;
  const all = memory ? slot!.ring.part(slot!, 0, room) : payload;
  return {
    format,
    width,
    height,
    planes: planes.map(({ offset, stride, height }) => ({
      data: all.subarray(offset, offset + stride * height),
      stride,
    })),
  };
}
