/** Whether a file is what the ledger says of it. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import type { SegmentEntry } from '../record/types.ts';
import { complaintsOf, type FfmpegHost, fileOnly, runFfmpeg } from '../units/run-ffmpeg.ts';
import type { Problem } from './joins.ts';
import { stateOf } from './list.ts';
import { PacketLines, type Packets, packetsOf } from './packets.ts';
import { readSegment } from './read-segment.ts';

export interface FileCheck {
  problems: Problem[];
  /** undefined: they could not be listed. */
  packets?: Packets | undefined;
}

const MOST_WORDS = 3;

/** @param host undefined: nothing is decoded */
export async function checkFile(
  dir: string,
  entry: SegmentEntry,
  host: FfmpegHost | undefined,
): Promise<FileCheck> {
  const problems: Problem[] = [];
  const add = (what: string, expected: string | number, seen: string | number): void => {
    problems.push({ file: entry.path, what, expected: String(expected), seen: String(seen) });
  };
  const file = join(dir, entry.path);
  const state = await stateOf(dir, entry);
  if (state === 'missing') {
    add('the file is gone', `${entry.bytes} bytes`, 'no file');
    return { problems };
  }
  if (state === 'changed') {
    // Whatever else is wrong with it has the same cause.
    const found = await lstat(file).catch(() => undefined);
    const short = found?.isFile() && found.size < entry.bytes;
    const seen = found?.isFile() ? `${found.size} bytes` : 'no regular file';
    add(short ? 'its end is missing' : 'another file than the one recorded', `${entry.bytes} bytes`, seen);
    return { problems };
  }
  const isMp4 = entry.path.endsWith('.mp4');
  let packets: Packets | undefined;
  if (isMp4) {
    const read = await readSegment(file, entry).catch((error: unknown) => messageOf(error));
    if (read === undefined || typeof read === 'string') {
      add('it can not be read', 'a fragmented MP4 file', read ?? 'no packets');
      return { problems };
    }
    if (!read.whole) add('it ends in the middle of a part', 'whole parts', 'a part that is cut');
    packets = packetsOf(read);
  }
  if (host) {
    const lines = new PacketLines();
    const decoded = await decode(host, file, isMp4 ? undefined : lines);
    if (!isMp4) packets = lines.packets();
    const { frames } = decoded.figures;
    const complaints = [...new Set(complaintsOf(decoded).map(withoutAddress))];
    if (complaints.length > 0) {
      add('it does not decode', 'no complaint of ffmpeg', complaints.slice(0, MOST_WORDS).join('; '));
      // It stopped there. Of sound alone no pictures are counted.
    } else if (frames && frames !== entry.frames) add('pictures decoded', entry.frames, frames);
  }
  if (packets) checkPackets(entry, packets, add);
  return { problems, packets };
}

/** "[h264 @ 0x55d0c8] no frame!" → "no frame!": where ffmpeg's objects lie is nobody's concern. */
function withoutAddress(line: string): string {
  return line.replaceAll(/\[[^\]@]+ @ (0x)?[0-9a-f]+\] ?/gi, '');
}

function checkPackets(
  entry: SegmentEntry,
  packets: Packets,
  add: (what: string, expected: string | number, seen: string | number) => void,
): void {
  if (packets.frames !== entry.frames) add('pictures in it', entry.frames, packets.frames);
  if (packets.disorder !== undefined) add('times are out of order', 'later than before', packets.disorder);
  const expected = (entry.lastPts - entry.firstPts) / entry.timescale;
  const seen = packets.times.at(-1) ?? 0;
  // Matroska counts milliseconds.
  if (packets.frames === entry.frames && Math.abs(seen - expected) > 0.002)
    add('time from first to last picture', `${expected.toFixed(3)} s`, `${seen.toFixed(3)} s`);
}

/** Every picture and all sound, without stopping at anything but the first error. */
function decode(host: FfmpegHost, file: string, list: PacketLines | undefined) {
  const input = ['-xerror', ...(list ? ['-copyts'] : []), ...fileOnly, '-i', `file:${file}`];
  const decoded = ['-map', '0:v?', '-map', '0:a?', '-fps_mode', 'passthrough', '-f', 'null', '-'];
  const listed = list ? ['-map', '0', '-c', 'copy', '-f', 'framecrc', 'pipe:1'] : [];
  return runFfmpeg(
    host,
    [...input, ...decoded, ...listed],
    list ? { onLine: (line) => list.push(line) } : {},
  );
}
