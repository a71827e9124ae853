/** The real programs that end-to-end tests run. */
import { accessSync, constants } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { findMediamtx } from '../../../src/tools/mediamtx.ts';

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((dir) => resolve(dir, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Where a program is, or undefined: tests that need it say so and are skipped. */
export function find(name: string): string | undefined {
  return onPath(name);
}

export function ffmpegPath(): string {
  return process.env.FFMPEG_PATH ?? 'ffmpeg';
}

export function ffprobePath(): string {
  return process.env.FFPROBE_PATH ?? 'ffprobe';
}

/** With OpenCV, where it could be had. */
export function pythonPath(): string {
  return process.env.RELAY_TEST_PYTHON ?? 'python3';
}

export async function mediamtxPath(): Promise<string> {
  return (await findMediamtx({ env: process.env })).path;
}
