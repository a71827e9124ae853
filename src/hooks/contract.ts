/**
 * What a hook sees and what it may answer: the public surface of `relay-gateway/hook`.
 * A hook is a plain object; `defineHook` only adds types. docs/hooks.md is the guide.
 */

/** Layouts in which frames can be had. yuv420p is what decoders give and encoders take: no conversion. */
export const pixelFormats = ['yuv420p', 'nv12', 'rgb24', 'bgr24', 'rgba', 'gray8'] as const;
export type PixelFormat = (typeof pixelFormats)[number];

export interface Size {
  width: number;
  height: number;
}

/** One plane of pixels; its rows are `stride` bytes apart, of which the first hold pixels. */
export interface Plane {
  /** stride × height bytes. Writable: what is written here is what viewers see (mode inline). */
  data: Uint8Array;
  /** Bytes from one row to the next. */
  stride: number;
  /** Samples in a row and rows; chroma planes of yuv420p have half of both. */
  width: number;
  height: number;
}

/** One picture. Names as in WebCodecs where it has them. Not valid after `process` has settled. */
export interface Frame {
  readonly format: PixelFormat;
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** Presentation time in microseconds of the stream. */
  readonly timestamp: number;
  /** The same in units of `timeBase`. */
  readonly pts: bigint;
  readonly timeBase: { num: number; den: number };
  /** Counts the decoded pictures of the route from 0; a hole is a frame that the hook was not shown. */
  readonly sequence: number;
  /** When it was decoded, Unix milliseconds. */
  readonly wallClock: number;
  readonly keyFrame: boolean;
  /** Pixels, writable in place. Throws RangeError after `process` has settled. */
  readonly planes: readonly Plane[];
  /** Pixels of one's own, to keep. */
  copy(): Picture;
}

/** Pixels that a hook answers with. */
export interface Picture {
  format: PixelFormat;
  width: number;
  height: number;
  planes: { data: Uint8Array; stride: number }[];
}

/** Coordinates are pixels of the frame that the hook was shown. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  label?: string;
  /** "#rrggbb"; default #00ff00. */
  color?: string;
}

export interface Label {
  x: number;
  y: number;
  text: string;
  color?: string;
}

export interface Mask {
  /** Corners of a polygon. */
  polygon: [number, number][];
  /** Default #000000. */
  color?: string;
  /** 0 nothing … 1 solid; default 1. */
  opacity?: number;
}

export interface Overlay {
  boxes?: Box[];
  labels?: Label[];
  masks?: Mask[];
}

/** What `process` may return; nothing at all means: the frame as it is now. */
export interface HookResult {
  /** Takes the frame's place (mode inline). */
  frame?: Picture;
  /** true: viewers don't see this frame. */
  drop?: boolean;
  /** Drawn on the frame (inline), or on every frame until it fades (overlay). */
  overlay?: Overlay;
  /** An event by name, with any JSON. */
  event?: string;
  data?: unknown;
  events?: { name: string; data?: unknown }[];
  /** Any JSON about this frame, for who watches the event stream. */
  meta?: unknown;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a function without a return is the usual hook
export type HookAnswer = HookResult | Picture | undefined | void;

export interface HookContext<Options = Record<string, unknown>> {
  readonly route: string;
  /** `options` of the hook in relay.yaml. */
  readonly options: Options;
  /** Aborted when the hook must end. */
  readonly signal: AbortSignal;
  /** One line into the gateway's log. */
  log(message: string): void;
  /** An event without a frame. */
  event(name: string, data?: unknown): void;
}

export interface Hook<Options = Record<string, unknown>> {
  /** Layout of the frames; relay.yaml may say otherwise. Default yuv420p. */
  format?: PixelFormat;
  /** Frames are scaled to it before the hook sees them. Default: as the stream. */
  size?: Size;
  /** Runs once before the first frame; frames flow by the rule of `onError` until it has settled. */
  setup?(ctx: HookContext<Options>): void | Promise<void>;
  process(frame: Frame, ctx: HookContext<Options>): HookAnswer | Promise<HookAnswer>;
  teardown?(): void | Promise<void>;
}

/** Gives a hook its types; returns it as it is. */
export function defineHook<Options = Record<string, unknown>>(hook: Hook<Options>): Hook<Options> {
  return hook;
}
