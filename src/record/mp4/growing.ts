/** A file that grows cut by cut, and can be played at any moment. */
import type { FileHandle } from 'node:fs/promises';
import { Output, Sources, writePart } from './copy.ts';
import { headerOf, type Lengths } from './header.ts';
import { type Cut, layOut } from './layout.ts';

export class GrowingFile {
  readonly #handle: FileHandle;
  readonly #init: Cut['init'];
  readonly #origin: number;
  #lengths: Lengths = { movie: 0, tracks: new Map() };
  #end = 0;
  #parts = 0;

  /** Nothing that is appended may begin before the origin. */
  constructor(handle: FileHandle, { init, origin }: Pick<Cut, 'init' | 'origin'>) {
    this.#handle = handle;
    this.#init = init;
    this.#origin = origin;
  }

  /** After an error nothing of these samples counts: the next call writes over what came of them. */
  async append(samples: Cut['samples']): Promise<void> {
    const layout = layOut({ init: this.#init, samples, origin: this.#origin });
    const out = new Output(this.#handle, this.#end);
    const sources = new Sources();
    try {
      if (this.#end === 0) await out.add(headerOf(this.#init, this.#lengths));
      for (const [index, part] of layout.parts.entries())
        await writePart(out, sources, part, this.#parts + index + 1);
      const end = await out.flush();
      this.#end = end;
      this.#parts += layout.parts.length;
      this.#lengths = longer(this.#lengths, layout.lengths);
    } finally {
      await sources.close();
    }
  }

  /** What is in it by now is written into its header. */
  async finish(): Promise<void> {
    if (this.#end === 0) return;
    await this.#handle.truncate(this.#end);
    // As long as the one that it takes the place of.
    const header = headerOf(this.#init, this.#lengths);
    await this.#handle.write(header, 0, header.length, 0);
    await this.#handle.sync();
  }
}

function longer(before: Lengths, more: Lengths): Lengths {
  const tracks = new Map(before.tracks);
  for (const [id, { media, end }] of more.tracks)
    tracks.set(id, { media: (before.tracks.get(id)?.media ?? 0) + media, end });
  return { movie: Math.max(before.movie, more.movie), tracks };
}
