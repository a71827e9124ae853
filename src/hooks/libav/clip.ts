/** A clip as the loop reads it: with its length, the place of its times on the loop's timeline, and an early end. */
import { AV_NOPTS_VALUE } from 'node-av/constants';
import { FormatContext, type Packet } from 'node-av/lib';
import { messageOf, RelayError } from '../../errors.ts';
import { START, TICKS, type TrackKind } from '../timeline.ts';
import { frameRate } from './decode.ts';
import { failure, ticks } from './formats.ts';
import { Input } from './input.ts';

export class Clip extends Input {
  readonly fps: number;
  /** As the file says. */
  readonly seconds: number | undefined;
  readonly frames: number | undefined;
  /** The clip's own begin, in ticks of its times. */
  readonly #begin: number | undefined;
  /** What the loop adds to the times of this clip, and what makes them begin at 0. */
  #shift: number | undefined;
  #stopped = false;

  constructor(context: FormatContext) {
    super(context);
    this.fps = this.picture ? frameRate(this.picture) : 0;
    this.seconds = context.duration > 0n ? Number(context.duration) / 1e6 : undefined;
    this.frames = Number(this.picture?.nbFrames ?? 0n) || undefined;
    this.#begin =
      context.startTime === AV_NOPTS_VALUE ? undefined : Math.round((Number(context.startTime) * 9) / 100);
  }

  /** A time of the loop, in ticks, as one of the clip. Only once a packet was read. */
  time(pts: bigint | number): number {
    return Number(pts) - (this.#shift ?? 0);
  }

  /** It ends here. */
  stop(): void {
    this.#stopped = true;
  }

  override async read(packet: Packet): Promise<TrackKind | null> {
    if (this.#stopped) return null;
    const kind = await super.read(packet);
    if (kind && this.#shift === undefined) {
      const { timeBase } = (kind === 'picture' ? this.picture : this.sound) ?? { timeBase: ticks };
      const dts = packet.dts === AV_NOPTS_VALUE ? packet.pts : packet.dts;
      if (dts !== AV_NOPTS_VALUE) {
        const first = Math.round((Number(dts) * timeBase.num * TICKS) / timeBase.den);
        this.#shift = START - first + (this.#begin ?? first);
      }
    }
    return kind;
  }
}

/** @throws RelayError when it can't be read or has no picture */
export async function openClip(file: string): Promise<Clip> {
  const context = new FormatContext();
  context.allocContext();
  try {
    const refused =
      failure(await context.openInput(file, null, null)) ?? failure(await context.findStreamInfo(null));
    if (refused) throw new Error(refused);
  } catch (error) {
    const hint = 'relay probe shows what a file holds';
    throw new RelayError('RELAY_SOURCE_UNREADABLE', `${file} can't be read: ${messageOf(error)}`, { hint });
  }
  const clip = new Clip(context);
  if (clip.picture) return clip;
  await clip.close();
  throw new RelayError('RELAY_SOURCE_UNREADABLE', `${file} has no picture`, {
    hint: 'relay probe shows what a file holds',
  });
}
