/**
 * Reads what the ffmpeg of a snapshots sink writes: lines of its `framecrc` muxer ("0, dts, pts, duration, size, 0x…",
 * after a header with "#tb 0: 1/90000"), and behind each line of a picture the picture.
 */

export interface Picture {
  /** Seconds on the stream's own timeline. */
  pts: number;
  jpeg: Buffer;
}

/** No JPEG that ffmpeg makes is larger. */
const MOST_BYTES = 64 << 20;
const MOST_LINE = 4096;
const NEWLINE = 10;

interface Line {
  dts: number;
  pts: number;
  size: number;
}

/** The lines of one muxer. */
class Lines {
  #tick = 1 / 90_000;

  read(text: string): Line | undefined {
    const base = /^#tb 0: (\d+)\/(\d+)/.exec(text);
    if (base) this.#tick = Number(base[1]) / Number(base[2]);
    if (text.startsWith('#')) return undefined;
    const [, dts, pts, , size] = text.split(',').map(Number);
    if (
      dts === undefined ||
      pts === undefined ||
      size === undefined ||
      ![dts, pts, size].every(Number.isFinite)
    ) {
      return undefined;
    }
    return { dts: dts * this.#tick, pts: pts * this.#tick, size };
  }
}

/** @returns takes what arrives; throws when it is not what it should be */
export function pictureReader(each: (picture: Picture) => void): (chunk: Buffer) => void {
  const lines = new Lines();
  let held: Buffer[] = [];
  let bytes = 0;
  let expected: Line | undefined;

  /** The first `count` bytes of what is held. */
  const take = (count: number): Buffer => {
    const all = held.length === 1 ? held[0]! : Buffer.concat(held);
    const rest = all.subarray(count);
    held = rest.length > 0 ? [rest] : [];
    bytes = rest.length;
    return all.subarray(0, count);
  };
  const readLine = (): boolean => {
    if (bytes === 0) return false;
    const all = held.length === 1 ? held[0]! : Buffer.concat(held);
    held = [all];
    const end = all.indexOf(NEWLINE);
    if (end < 0) {
      if (bytes > MOST_LINE) throw new Error('a picture came without its time');
      return false;
    }
    const text = take(end + 1).toString('latin1');
    expected = lines.read(text);
    if (!expected && !text.startsWith('#')) throw new Error('a picture came without its time');
    if (expected && !(expected.size > 0 && expected.size <= MOST_BYTES))
      throw new Error('a picture has no length');
    return true;
  };
  return (chunk) => {
    held.push(chunk);
    bytes += chunk.length;
    for (;;) {
      if (!expected) {
        if (!readLine()) return;
      } else {
        if (bytes < expected.size) return;
        const jpeg = Buffer.from(take(expected.size));
        if (jpeg.readUInt16BE(0) !== 0xffd8) throw new Error('a picture is no JPEG');
        each({ pts: expected.pts, jpeg });
        expected = undefined;
      }
    }
  };
}

/** ffmpeg cuts these out of an RTSP stream by looking for the next picture, so each comes when the next one does. */
const HELD = ['h264', 'hevc', 'mpeg4'];

/**
 * The same for lines alone, of which each second one is of the packet right behind that of the one before.
 * @param each hears of packets, and when they arrived
 */
export function arrivalReader(
  now: () => number,
  each: (dts: number, at: number) => void,
): (text: string) => void {
  const lines = new Lines();
  let rest = '';
  let held = false;
  /** When the first of two came. */
  let first: number | undefined;
  return (text) => {
    const whole = (rest + text).split('\n');
    rest = (whole.pop() ?? '').slice(-MOST_LINE);
    for (const line of whole) {
      const codec = /^#codec_id 0: (\w+)/.exec(line)?.[1];
      if (codec !== undefined) held = HELD.includes(codec);
      const dts = lines.read(line)?.dts;
      if (line.startsWith('#')) continue;
      const at = first ?? now();
      const second = first !== undefined;
      first = second ? undefined : at;
      if (dts === undefined) continue;
      if (!held) each(dts, now());
      else if (second) each(dts, at);
    }
  };
}
