/** A decoded picture as the stage handles it: what libav holds behind it is the worker's affair (libav/). */
import type { ShownFrame } from './adapter.ts';
import type { Overlay, Picture, PixelFormat, Size } from './contract.ts';

export interface Decoded {
  readonly sequence: number;
  /** On the route's output timeline, in units of 1/90000 s; strictly increasing. */
  readonly pts: bigint;
  /** Unix milliseconds at which it was decoded, and the same on the monotonic clock. */
  readonly wallClock: number;
  readonly decodedAt: number;
  readonly keyFrame: boolean;
  readonly width: number;
  readonly height: number;
  /**
   * Its pixels in this format and size; the same object until `free`, or until another format is asked for.
   * Reads memory of the picture itself where neither format nor size differ.
   */
  show(format: PixelFormat, size: Size | undefined): ShownFrame;
  /** These pixels take the place of its own, in any format and size: they are converted and scaled to its own. */
  replace(picture: Picture): void;
  /** Draws on it; coordinates are pixels of a frame of `shown` size. */
  draw(overlay: Overlay, shown: Size): void;
  /** Another handle on the same pixels, with its own life: for `hold`. Costs no copy until one of them is written. */
  keep(): Decoded;
  /** The kept pixels at the time of another picture. */
  at(other: Decoded): Decoded;
  /** Must be called once for each picture: by the stage for those that it drops, by the encoder for those it gets. */
  free(): void;
}

/** The stage between decoder and encoder: shows pictures to the hook by the rules of the spec. */
export interface Stage {
  /** Takes a picture over. Pictures leave by `emit`, in order, each at most once. */
  push(picture: Decoded): void;
  /** The decoder should wait (whenBehind: block): true while its bound of pictures is reached. */
  readonly full: boolean;
  /** Called once the next time it is no longer full. */
  whenRoom(callback: () => void): void;
  /** Nothing may be shown to viewers now, neither picture nor sound (onError: stop). */
  readonly muted: boolean;
  /** A saved hook file: starts a new hook beside the old one and changes over when it is ready. */
  reload(): void;
  figures(): StageFigures;
  /** Emits or frees all that it holds and ends the hook. */
  stop(): Promise<void>;
}

export interface StageFigures {
  state: 'starting' | 'ready' | 'failing';
  dropped: number;
  errors: number;
  answered: number;
  restarts: number;
  lastError?: string;
  /** Milliseconds. */
  hook: { p50: number; p99: number };
  convert: { p50: number; p99: number };
  queueAge: { p50: number; p99: number };
  /** Resident bytes of the hook's processes. */
  memory: number;
}
