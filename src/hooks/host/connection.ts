/** The hook's end of the wire. */
import { connect, type Socket } from 'node:net';
import { Decoder, encode, type Message } from '../wire/codec.ts';

export class Connection {
  readonly #socket: Socket;

  /** `target`: what RELAY_HOOK says. `onMessage` is called for each message in order, `onEnd` when the worker is gone. */
  static open(
    target: string,
    callbacks: { onMessage(message: Message): void; onEnd(): void },
  ): Promise<Connection> {
    const [, kind, address] = /^(unix|tcp):(.+)$/.exec(target) ?? [];
    if (kind === undefined) throw new Error(`RELAY_HOOK=${target} is neither unix:… nor tcp:…`);
    const socket =
      kind === 'unix'
        ? connect(address!)
        : connect({ host: address!.replace(/:\d+$/, ''), port: Number(/\d+$/.exec(address!)?.[0]) });
    socket.setNoDelay(true);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        const decoder = new Decoder();
        socket.on('error', () => {}).on('close', callbacks.onEnd);
        socket.on('data', (chunk) => decoder.push(chunk).forEach(callbacks.onMessage));
        resolve(new Connection(socket));
      });
    });
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  send(message: { type: string; [key: string]: unknown }): void {
    this.write(encode(message));
  }

  write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Resolves when all that was sent is on its way. */
  end(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(resolve));
  }
}
