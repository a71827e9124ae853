/** Packets of the picture that wait undecoded while the hook has no room: bounded, and cut only where a decoder can begin. */

export interface PendingPacket {
  /** Ticks of 1/90000 s. */
  dts: number;
  bytes: number;
  key: boolean;
}

const MAX_TICKS = 2.5 * 90_000;
const MAX_BYTES = 16_000_000;

export class PendingPackets<T extends PendingPacket> {
  readonly #drop: (packet: T) => void;
  #packets: T[] = [];
  #bytes = 0;
  /** Nothing can be decoded before the next key frame. */
  #broken = false;

  /** @param drop takes what is not going to be decoded */
  constructor(drop: (packet: T) => void) {
    this.#drop = drop;
  }

  get size(): number {
    return this.#packets.length;
  }

  push(packet: T): void {
    if (this.#broken && !packet.key) {
      this.#drop(packet);
      return;
    }
    this.#broken = false;
    this.#packets.push(packet);
    this.#bytes += packet.bytes;
    const first = this.#packets[0];
    if (this.#bytes > MAX_BYTES || (first && packet.dts - first.dts > MAX_TICKS)) this.#cut();
  }

  shift(): T | undefined {
    const packet = this.#packets.shift();
    if (packet) this.#bytes -= packet.bytes;
    return packet;
  }

  clear(): void {
    for (const packet of this.#packets) this.#drop(packet);
    this.#packets = [];
    this.#bytes = 0;
    this.#broken = false;
  }

  /** Drops from the oldest on, up to a key frame. */
  #cut(): void {
    const at = this.#packets.findIndex((packet, index) => index > 0 && packet.key);
    const end = at === -1 ? this.#packets.length : at;
    for (const packet of this.#packets.splice(0, end)) {
      this.#bytes -= packet.bytes;
      this.#drop(packet);
    }
    this.#broken = at === -1;
  }
}
