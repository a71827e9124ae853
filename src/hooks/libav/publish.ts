/** Where picture and sound go: one muxer for each output; one that fails is opened again, the others go on. */
import type { CodecParameters, Packet } from 'node-av/lib';
import type { TrackKind } from '../timeline.ts';
import { Output, type OutputTarget } from './output.ts';

/** What is to be muxed. */
export interface Tracks {
  picture?: { describe(parameters: CodecParameters): void };
  sound?: { describe(parameters: CodecParameters): void };
}

export interface PublisherOptions {
  targets: OutputTarget[];
  /** A picture to begin with is needed. */
  wantKey(): void;
  log(level: 'info' | 'warn', message: string): void;
}

/** Where a loop writes to. */
export type Sink = Pick<Publisher, 'open' | 'start' | 'write' | 'close'>;

export class Publisher {
  readonly #options: PublisherOptions;
  #outputs: Output[] = [];

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get open(): boolean {
    return this.#outputs.length > 0;
  }

  /** Opens them all with these tracks; those that were open are closed first. */
  start(tracks: Tracks): void {
    const before = this.close();
    const { targets, wantKey, log } = this.#options;
    this.#outputs = targets.flatMap((target) => {
      const picture = target.select === 'a' ? undefined : tracks.picture;
      const sound = target.select === 'v' ? undefined : tracks.sound;
      if (!picture && !sound) return [];
      const selected = { ...(picture ? { picture } : {}), ...(sound ? { sound } : {}) };
      return [new Output({ target, tracks: selected, after: before, wantKey, log })];
    });
  }

  /** @param packet times in ticks; stays the caller's */
  write(kind: TrackKind, packet: Packet): void {
    for (const output of this.#outputs) output.write(kind, packet);
  }

  /** Resolves when all of them are gone; a server that doesn't answer is left after half a second. */
  async close(): Promise<void> {
    const outputs = this.#outputs;
    this.#outputs = [];
    await Promise.all(outputs.map((output) => output.close()));
  }
}
