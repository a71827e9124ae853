/** Frames of plain memory, and hooks run over them as a host would. */
import type {
  Frame,
  Hook,
  HookContext,
  HookResult,
  PixelFormat,
  Plane,
} from '../../../src/hooks/contract.ts';

export function frameOf(
  format: PixelFormat,
  width: number,
  height: number,
  options: {
    sequence?: number;
    seconds?: number;
    wallClock?: number;
    fill?: (x: number, y: number) => number;
  } = {},
): Frame {
  const { sequence = 0, seconds = 0, wallClock = 0, fill = () => 80 } = options;
  const plane = (width: number, height: number, value: (x: number, y: number) => number): Plane => {
    // Rows are longer than the picture, as decoders give them.
    const stride = width + 16;
    const data = Buffer.alloc(stride * height, 1);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * stride + x] = value(x, y);
    return { data, stride, width, height };
  };
  const planes = [plane(width, height, fill)];
  if (format === 'yuv420p') {
    for (const tint of [100, 160])
      planes.push(plane(Math.ceil(width / 2), Math.ceil(height / 2), () => tint));
  }
  return {
    format,
    codedWidth: width,
    codedHeight: height,
    timestamp: seconds * 1e6,
    pts: BigInt(Math.round(seconds * 90_000)),
    timeBase: { num: 1, den: 90_000 },
    sequence,
    wallClock,
    keyFrame: sequence === 0,
    planes,
    copy: () => ({
      format,
      width,
      height,
      planes: planes.map((p) => ({ data: p.data.slice(), stride: p.stride })),
    }),
  };
}

/** Sets a hook up and returns its `process`. */
export async function started(
  hook: Hook,
  options: Record<string, unknown> = {},
): Promise<(frame: Frame) => Promise<HookResult | undefined>> {
  const ctx: HookContext = {
    route: 'gate',
    options,
    signal: new AbortController().signal,
    log() {},
    event() {},
  };
  await hook.setup?.(ctx);
  return async (frame) => ((await hook.process(frame, ctx)) ?? undefined) as HookResult | undefined;
}

/** Samples of a row, without what lies behind it. */
export function row({ data, stride, width }: Plane, y: number): number[] {
  return [...data.subarray(y * stride, y * stride + width)];
}
