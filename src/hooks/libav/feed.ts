/** Where the stream comes in: one writer at a time, and after each the next, while everything behind stays as it is. */
import { rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { FormatContext } from 'node-av/lib';
import { acceptNut, type Input } from './input.ts';

/** Between looks whether it listens. */
const LOOK = 5;
/** After an address that couldn't be opened. */
const PAUSE = 200;

export interface FeedOptions {
  /** `unix:/…` or `tcp://127.0.0.1:port`. */
  address: string;
  /** Called once: whoever connects from now on is heard. */
  listening(): void;
  /** It can't be listened on, and is tried again. */
  refused(why: string): void;
}

export class Feed {
  readonly #options: FeedOptions;
  #context: FormatContext | undefined;
  #input: Input | undefined;
  #announced = false;
  #stopped = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Each connection in turn; the one before has been closed by then. */
  async *connections(): AsyncGenerator<Input> {
    while (!this.#stopped) {
      const input = await this.#accept();
      if (!input) continue;
      this.#input = input;
      try {
        yield input;
      } finally {
        this.#input = undefined;
        await input.close();
      }
    }
  }

  /** Ends whatever waits. */
  stop(): void {
    this.#stopped = true;
    this.#context?.interrupt();
    this.#input?.interrupt();
  }

  async #accept(): Promise<Input | undefined> {
    const { address, refused } = this.#options;
    const socket = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
    // What an earlier worker left would keep libav from listening, and look as if it did.
    if (socket) rmSync(socket, { force: true });
    const context = new FormatContext();
    context.allocContext();
    this.#context = context;
    const accepted = acceptNut(context, address);
    const watch = new AbortController();
    if (!this.#announced) void this.#announce(socket, watch.signal);
    const input = await accepted;
    watch.abort();
    this.#context = undefined;
    if (typeof input !== 'string') return input;
    if (this.#stopped) return undefined;
    refused(input);
    await delay(PAUSE);
    return undefined;
  }

  async #announce(socket: string | undefined, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(LOOK);
      if (this.#announced || !(await (socket ? exists(socket) : taken(this.#options.address)))) continue;
      this.#announced = true;
      this.#options.listening();
      return;
    }
  }
}

async function exists(socket: string): Promise<boolean> {
  return statSync(socket, { throwIfNoEntry: false })?.isSocket() ?? false;
}

/** Nobody else can listen there: so somebody does. */
function taken(address: string): Promise<boolean> {
  const { hostname, port } = new URL(address.replace(/^tcp:/, 'http:'));
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(true));
    server.listen({ host: hostname, port: Number(port), exclusive: true }, () =>
      server.close(() => resolve(false)),
    );
  });
}
