/** The sound's description, kept beyond the connection that it came with. */
import { AV_CHANNEL_ORDER_UNSPEC } from 'node-av/constants';
import { avChannelLayoutDefault, CodecParameters } from 'node-av/lib';

export class SoundTrack {
  readonly #parameters = new CodecParameters();

  constructor(source: CodecParameters) {
    this.#parameters.alloc();
    source.copy(this.#parameters);
    // The FLV muxer aborts the process over channels that have no order, as NUT gives them.
    const { channelLayout } = this.#parameters;
    if (channelLayout.order === AV_CHANNEL_ORDER_UNSPEC) {
      this.#parameters.channelLayout = avChannelLayoutDefault(channelLayout.nbChannels);
    }
  }

  describe(parameters: CodecParameters): void {
    this.#parameters.copy(parameters);
  }

  /** Packets of the other can follow those of this one. */
  fits(other: CodecParameters): boolean {
    const own = this.#parameters;
    const bytes = (parameters: CodecParameters): Buffer => parameters.extradata ?? Buffer.alloc(0);
    return (
      own.codecId === other.codecId &&
      own.sampleRate === other.sampleRate &&
      own.channels === other.channels &&
      bytes(own).equals(bytes(other))
    );
  }
}
