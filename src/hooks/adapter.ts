/** The contract between the loop and whoever answers for the frames: one file beside this one for each way. */
import type { HookResult, Picture, PixelFormat, Size } from './contract.ts';

/** A frame on its way to a hook, in the hook's format and size. Its planes are valid until `process` settles. */
export interface ShownFrame {
  sequence: number;
  pts: bigint;
  timeBase: { num: number; den: number };
  /** Microseconds of the stream. */
  timestamp: number;
  /** Unix milliseconds at which it was decoded. */
  wallClock: number;
  keyFrame: boolean;
  format: PixelFormat;
  width: number;
  height: number;
  planes: { data: Buffer; stride: number; width: number; height: number }[];
}

/**
 * `picture`: what takes the frame's place; absent: it stays as it is. Its bytes are valid until the next
 * call of `process` on the same adapter settles; the loop copies them before it goes on.
 */
export interface Answer extends Omit<HookResult, 'frame' | 'event' | 'data'> {
  picture?: Picture;
  /** `picture` is the shown frame itself, with what the hook wrote into it. */
  inPlace?: boolean;
}

/** What a hook asks for and can do, said once it has started. */
export interface Wishes {
  format?: PixelFormat;
  size?: Size;
  /** Frames that may be under way at once; answers may come in any order. */
  inFlight: number;
}

export interface Adapter {
  /**
   * Starts it and its setup. Rejects when it can't be; the caller starts it anew after a pause.
   * Called again after `lost`.
   */
  start(signal: AbortSignal): Promise<Wishes>;
  /** Rejects when the hook fails on this frame or dies; `signal` aborts when nobody waits any more. */
  process(frame: ShownFrame, signal: AbortSignal): Promise<Answer>;
  /** Ends it at once, with all that it has started. Resolves when nothing of it is left. */
  kill(): Promise<void>;
  /** Lets it tear down, for at most a second; then as kill. */
  stop(): Promise<void>;
  /** Resident bytes of its processes; 0 where it has none. */
  memory(): number;
}

/** What an adapter tells besides its answers. */
export interface AdapterHost {
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
  event(name: string, data: unknown): void;
  /** It ended by itself, outside any frame: the loop kills what is left and starts it again. */
  lost(reason: string): void;
}
