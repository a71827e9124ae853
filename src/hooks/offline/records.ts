/** What is kept of a frame to compare runs by, and what differs between two. Pure. */

export interface FrameRecord {
  sequence: number;
  /** Ticks of 1/90000 s from the clip's begin; absent for frames that never got so far. */
  pts?: number;
  /** The picture after the hook, before the encoder. */
  size?: [number, number];
  sha256?: string;
  events?: { name: string; data?: unknown }[];
  /** It is not in the result. */
  drop?: true;
}

export function toLines(records: readonly FrameRecord[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** @throws Error that names the line */
export function fromLines(text: string): Map<number, FrameRecord> {
  const records = new Map<number, FrameRecord>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const record = parse(line);
    if (!record) throw new Error(`line ${index + 1} is no frame`);
    records.set(record.sequence, record);
  }
  return records;
}

function parse(line: string): FrameRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const { sequence } = Object(value) as { sequence?: unknown };
    return Number.isInteger(sequence) ? (value as FrameRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** In words; empty: they are the same. */
export function differences(expected: FrameRecord | undefined, actual: FrameRecord | undefined): string[] {
  if (!expected) return actual ? ['there is no such frame in the golden run'] : [];
  if (!actual) return ['the frame is missing'];
  if (expected.drop !== actual.drop) {
    return [actual.drop ? 'the frame is dropped' : 'the frame is no longer dropped'];
  }
  const what: string[] = [];
  const [was, is] = [expected.size?.join('x'), actual.size?.join('x')];
  if (was !== is) what.push(`the size is ${is} instead of ${was}`);
  else if (expected.sha256 !== actual.sha256) what.push('the picture differs');
  if (expected.pts !== actual.pts)
    what.push(`the time is ${seconds(actual.pts)} instead of ${seconds(expected.pts)}`);
  if (!same(expected.events, actual.events)) {
    what.push(`events ${list(actual.events)} instead of ${list(expected.events)}`);
  }
  return what;
}

const seconds = (pts: number | undefined): string =>
  pts === undefined ? 'unknown' : `${(pts / 90_000).toFixed(3)} s`;

/** Both come from JSON: the order of keys is that of who wrote them. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one ?? []) === JSON.stringify(other ?? []);
}

function list(events: FrameRecord['events']): string {
  if (!events?.length) return 'none';
  const text = events.map(({ name, data }) =>
    data === undefined ? name : `${name} ${JSON.stringify(data)}`,
  );
  return text.join(', ').slice(0, 200);
}
