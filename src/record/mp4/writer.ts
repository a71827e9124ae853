/** Writes a cut of the ring as a file of its own: bytes of packets are copied as they are, from disk to disk. */
import type { FileHandle } from 'node:fs/promises';
import { Output, Sources, writePart } from './copy.ts';
import { headerOf, metaBox } from './header.ts';
import { type Cut, layOut } from './layout.ts';
import { indexOf } from './parts.ts';

/** @returns how long the file is, and its pictures (packets of sound where there is no picture) */
export async function writeFragmented(
  handle: FileHandle,
  cut: Cut & { meta: object },
): Promise<{ bytes: number; frames: number }> {
  const layout = layOut(cut);
  const out = new Output(handle);
  const sources = new Sources();
  try {
    await out.add(headerOf(cut.init, layout.lengths));
    await out.add(metaBox(cut.meta));
    await out.add(indexOf(layout));
    for (const [index, part] of layout.parts.entries()) await writePart(out, sources, part, index + 1);
    return { bytes: await out.flush(), frames: layout.frames };
  } finally {
    await sources.close();
  }
}
