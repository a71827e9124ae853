/** Work that may fail again and again: each kind of it apart, and what went wrong is said once as long as it lasts. */
import { messageOf } from '../errors.ts';
import type { SinkHost } from './sink.ts';

/** Milliseconds after which the same words are news again. */
const QUIET = 10_000;

export class Attempts {
  readonly #host: Pick<SinkHost, 'monotonic' | 'report' | 'route'>;
  readonly #said = new Map<string, { message: string; at: number }>();

  constructor(host: Pick<SinkHost, 'monotonic' | 'report' | 'route'>) {
    this.#host = host;
  }

  /** @param place what the words are about, e.g. a folder */
  async run(place: string, work: () => Promise<void> | undefined): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failed(place, error);
    }
  }

  failed(place: string, error: unknown): void {
    const message = `${place}: ${messageOf(error)}`;
    const [said, at] = [this.#said.get(place), this.#host.monotonic()];
    this.#said.set(place, { message, at });
    if (said?.message === message && at - said.at < QUIET) return;
    this.#host.report({ type: 'log', level: 'error', route: this.#host.route, message });
  }
}
