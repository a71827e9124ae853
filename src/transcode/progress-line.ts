/** How far a transcode is, in one line. */
import type { Figures } from '../observe/state.ts';

const WIDTH = 24;

/** @param total seconds of media that are to come out */
export function progressLine(
  { frames, fps, speed, outTime = 0 }: Figures,
  total: number | undefined,
): string {
  const parts = [
    ...(frames ? [`${frames} frames`] : []),
    ...(fps ? [`${Math.round(fps)} fps`] : []),
    ...(speed ? [`${speed.toFixed(speed < 10 ? 2 : 0)}x`] : []),
  ];
  if (!total) return [`${clock(outTime)} done`, ...parts].join('  ');
  // What is reported is never the end: the last packets and the index are written after it.
  const share = Math.min(Math.max(outTime, 0) / total, 0.999);
  const filled = Math.round(share * WIDTH);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}]`;
  const left = speed ? `ETA ${clock(Math.max(0, total - outTime) / speed)}` : 'ETA -:--';
  return [bar, `${(share * 100).toFixed(1)} %`, ...parts, left].join('  ');
}

/** 3725 → "1:02:05" */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
