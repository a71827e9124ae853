/** A demuxer that is open: its first picture track, its first sound track, and their packets as they come. */
import { AVERROR_EAGAIN, AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_VIDEO, type AVMediaType } from 'node-av/constants';
import { Dictionary, FormatContext, InputFormat, type Packet, type Stream } from 'node-av/lib';
import type { TrackKind } from '../timeline.ts';
import { failure } from './formats.ts';

export class Input {
  readonly picture: Stream | undefined;
  readonly sound: Stream | undefined;
  readonly #context: FormatContext;

  /** @param context open */
  constructor(context: FormatContext) {
    this.#context = context;
    const first = (type: AVMediaType): Stream | undefined =>
      context.streams.find((stream) => stream.codecpar.codecType === type);
    this.picture = first(AVMEDIA_TYPE_VIDEO);
    this.sound = first(AVMEDIA_TYPE_AUDIO);
  }

  /** Fills the packet; null: it has ended. */
  async read(packet: Packet): Promise<TrackKind | null> {
    for (;;) {
      const code = await this.#context.readFrame(packet);
      if (code === AVERROR_EAGAIN) continue;
      if (code < 0) return null;
      if (packet.streamIndex === this.picture?.index) return 'picture';
      if (packet.streamIndex === this.sound?.index) return 'sound';
      packet.unref();
    }
  }

  /** Ends a read that waits. */
  interrupt(): void {
    this.#context.interrupt();
  }

  async close(): Promise<void> {
    await this.#context.closeInput();
  }
}

/** A file, or whatever else libav opens by itself: for tests and benches of hooks. */
export async function openFile(file: string): Promise<Input> {
  const context = new FormatContext();
  context.allocContext();
  const refused =
    failure(await context.openInput(file, null, null)) ?? failure(await context.findStreamInfo(null));
  if (refused) throw new Error(`${file}: ${refused}`);
  return new Input(context);
}

/** NUT from whoever connects; the promise settles when somebody has, or with `interrupt` of the context. */
export async function acceptNut(context: FormatContext, address: string): Promise<Input | string> {
  const options = { listen: '1', probesize: '32', analyzeduration: '0', fflags: 'nobuffer' };
  const format = InputFormat.findInputFormat('nut');
  const refused = failure(await context.openInput(address, format, Dictionary.fromObject(options)));
  return refused ?? new Input(context);
}
