/** A ledger that got lost comes back from what its files say about themselves. */
import { join } from 'node:path';
import type { Ledger } from './ledger.ts';
import type { Store } from './store.ts';
import type { GapEntry, SegmentEntry } from './types.ts';

export type RouteSegment = SegmentEntry & { route: string };

const AT_ONCE = 500;
/** Seconds: less between two segments is no gap but a rounding of their times. */
const TOLERANCE = 0.05;

/**
 * Fills an empty ledger with the segments of this route that are in the store's folder, and with the gaps between
 * them. Returns how many segments were found; a ledger that has some is left alone.
 * @param readMeta what a file (absolute name) says of itself; undefined: it isn't one of ours
 */
export async function rebuild(
  ledger: Ledger,
  store: Store,
  route: string,
  readMeta: (file: string) => Promise<RouteSegment | undefined>,
): Promise<number> {
  if (ledger.lastSegment()) return 0;
  const segments: SegmentEntry[] = [];
  for await (const { name, size } of store.files()) {
    const meta = await readMeta(join(store.path, name)).catch(() => undefined);
    if (meta?.route !== route) continue;
    const { route: _, ...segment } = meta;
    // It may have got another name than the one that was meant for it.
    segments.push({ ...segment, path: name, bytes: size });
  }
  segments.sort((a, b) => a.from - b.from || a.seq - b.seq);
  const entries = segments.flatMap((segment, index) => {
    const gap = between(segments[index - 1], segment);
    return gap ? [gap, segment] : [segment];
  });
  for (let at = 0; at < entries.length; at += AT_ONCE)
    await ledger.append(...entries.slice(at, at + AT_ONCE));
  return segments.length;
}

function between(before: SegmentEntry | undefined, after: SegmentEntry): GapEntry | undefined {
  if (!before || (before.run === after.run && before.endDts === after.dts)) return undefined;
  if (after.from - before.to <= TOLERANCE) return undefined;
  return { type: 'gap', from: before.to, to: after.from, cause: 'unknown', reason: 'the ledger was lost' };
}
