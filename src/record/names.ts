/** Names of recorded files, from a template such as "{utc}" or "{route}/{unix}-{seq}". Without extension. */

/** Unix seconds of the first picture, and what else a name may tell. */
export interface NameValues {
  from: number;
  route: string;
  seq: number;
}

const LENGTH = 200;
/** Bytes of one part; a file system takes 255, and an extension or "-12" is yet to come. */
const PART = 230;

/** Cut, not rounded: a name is never later than its first picture. */
const milliseconds = (from: number): number => Math.floor(from * 1000 + 0.001);

const placeholders: Record<string, (values: NameValues) => string> = {
  unix: ({ from }) => (milliseconds(from) / 1000).toFixed(3),
  utc: ({ from }) => new Date(milliseconds(from)).toISOString().replaceAll(/[-:]/g, ''),
  route: ({ route }) => route.replaceAll('/', '~'),
  seq: ({ seq }) => String(seq).padStart(6, '0'),
};

const known = Object.keys(placeholders).map((key) => `{${key}}`);

/** What is wrong with a template; undefined: nothing. */
export function nameProblem(template: string, route = 'route'): string | undefined {
  if (template.length > LENGTH) return `a name has at most ${LENGTH} characters`;
  const unknown = (template.match(/\{[^{}]*\}/g) ?? []).find((each) => !known.includes(each));
  if (unknown) return `${unknown} stands for nothing: there are ${known.join(', ')}`;
  if (!/\{(unix|utc|seq)\}/.test(template)) {
    return 'a name holds {unix}, {utc} or {seq}: files would have the same name without';
  }
  const name = segmentName(template, { from: 0, route, seq: 0 });
  if (!/^[A-Za-z0-9._~/-]*$/.test(name) || template.includes('~')) {
    return `a name has letters, digits, ".", "_", "-", "/" for folders, and ${known.join(', ')}`;
  }
  const parts = name.split('/');
  if (parts.includes('')) return 'a name has no empty folder: no "/" at its ends, no "//"';
  if (parts.some((part) => part.startsWith('.'))) return 'no part of a name begins with "."';
  return parts.some((part) => part.length > PART)
    ? `a part of a name has at most ${PART} characters`
    : undefined;
}

/** The file's name below the folder of its sink, with "/" between folders. */
export function segmentName(template: string, values: NameValues): string {
  return template.replaceAll(/\{(\w+)\}/g, (all, key: string) => placeholders[key]?.(values) ?? all);
}
