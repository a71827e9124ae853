/** Which streams have large pictures among tiny ones: src/plan/publish.ts has why that matters. */
import type { Track } from '../media.ts';
import { knownNumber, type ProbeRecord } from './probe-run.ts';

const LARGE = 60_000;
const TINY = 400;

interface Seen {
  large: boolean;
  tiny: boolean;
  key: boolean;
}

export class Bursts {
  readonly #streams = new Map<string, Seen>();

  see(packet: ProbeRecord): void {
    const stream = packet.get('stream_index') ?? '';
    const size = knownNumber(packet, 'size') ?? LARGE;
    const before = this.#streams.get(stream);
    this.#streams.set(stream, {
      large: before?.large || size > LARGE,
      tiny: before?.tiny || size < TINY,
      key: before?.key || (packet.get('flags') ?? '').startsWith('K'),
    });
  }

  /** A look that saw tiny pictures and no key frame can't tell how large those are. */
  noted(stream: ProbeRecord, track: Track): Track {
    const seen = this.#streams.get(stream.get('index') ?? '');
    const burst = track.type === 'video' && seen?.tiny && (seen.large || !seen.key);
    return burst ? { ...track, burst } : track;
  }
}
