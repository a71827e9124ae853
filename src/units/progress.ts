/** Reads the blocks that ffmpeg writes by `-progress`. */
import type { Figures } from '../observe/state.ts';

/** Only the last whole block of what arrived counts, so a late reader catches up in one step. */
export class Progress {
  readonly figures: Figures = {};
  #rest = '';
  #mark = '';

  /** True when media moved since the block before. */
  push(chunk: string): boolean {
    const text = this.#rest + chunk;
    const whole = text.lastIndexOf('\n') + 1;
    const end = text.lastIndexOf('progress=', whole - 1);
    const close = end < 0 ? -1 : text.indexOf('\n', end);
    if (close < 0) {
      this.#rest = text.slice(-4096);
      return false;
    }
    this.#rest = text.slice(close + 1);
    const start = text.lastIndexOf('progress=', end - 1);
    return this.#read(text.slice(Math.max(start, 0), end));
  }

  #read(block: string): boolean {
    const time = field(block, 'out_time_us=');
    const frames = field(block, 'frame=');
    const size = field(block, 'total_size=');
    const moving = Number(time) > 0 || Number(frames) > 0 || Number(size) > 0;
    const mark = `${time} ${frames} ${size}`;
    const moved = moving && mark !== this.#mark;
    this.#mark = mark;
    set(this.figures, 'frames', Number(frames));
    set(this.figures, 'fps', Number(field(block, '\nfps=')));
    set(this.figures, 'speed', Number.parseFloat(field(block, 'speed=')));
    set(this.figures, 'bitrate', Number.parseFloat(field(block, 'bitrate=')) * 1000);
    set(this.figures, 'outTime', Number(time) / 1e6);
    return moved;
  }
}

function field(block: string, key: string): string {
  const at = block.indexOf(key);
  if (at < 0) return 'N/A';
  const end = block.indexOf('\n', at + key.length);
  return block.slice(at + key.length, end < 0 ? undefined : end).trim();
}

function set(figures: Figures, key: Exclude<keyof Figures, 'hook' | 'recorder'>, value: number): void {
  if (Number.isFinite(value)) figures[key] = value;
}
