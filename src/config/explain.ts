/** From zod's issues to what a person needs to read. */
import { z } from 'zod';
import { closest } from './closest.ts';
import { type Path, quote, type Report } from './diagnostic.ts';
import type { Tree } from './tree.ts';

/** Of words of later versions: they are known, and refused until they do something. */
export function notYet(word: string): string {
  return `${quote(word)} is not available in this version`;
}

const typeNames: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

/** What was expected, in a few words. Of an unknown key: the keys that are allowed, parted by commas. */
export const explain: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'number' ? `must be at least ${issue.minimum}` : 'must not be empty';
    case 'too_big':
      return issue.origin === 'number'
        ? `must be at most ${issue.maximum}`
        : `must have at most ${issue.maximum} entries`;
    case 'unrecognized_keys':
      return allowedKeys(issue.inst).join(', ');
    default:
      return undefined;
  }
};

function allowedKeys(schema: unknown): string[] {
  const def = (schema as z.core.$ZodType | undefined)?._zod.def;
  if (!def || !('shape' in def)) return [];
  return Object.entries(def.shape as Record<string, z.ZodType>)
    .filter(([, type]) => !z.globalRegistry.get(type)?.['elsewhere'])
    .map(([key]) => key);
}

/** A key that only another form of the same map has: refused with the reason, and not among those allowed. */
export function elsewhere(message: string) {
  return z
    .custom<never>(() => false, message)
    .optional()
    .meta({ elsewhere: true });
}

/** Reports the issues of one part of the file; `base` is where that part stands. */
export function reportIssues(
  issues: readonly z.core.$ZodIssue[],
  base: Path,
  tree: Tree,
  report: Report,
): void {
  for (const issue of issues) {
    const path = [...base, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
    if (isReported(tree, path)) continue;
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) reportKey(key, issue.message.split(', '), [...path, key], tree, report);
      continue;
    }
    const value = valueAt(tree, path);
    const what =
      issue.code === 'invalid_union' ? describeUnion(issue, value) : describe(issue, value, report);
    // What is missing has no place; its map's key has.
    const place = value === undefined ? tree.keyPositionOf : tree.positionOf;
    report.add(() => place(path), path, ...what);
  }
}

export function reportKey(key: string, allowed: string[], path: Path, tree: Tree, report: Report): void {
  if (report.full) return;
  const near = report.suggest(() => closest(key, allowed));
  const hint = `${near ? `did you mean ${quote(near)}? ` : ''}allowed: ${allowed.join(', ')}`;
  report.add(() => tree.keyPositionOf(path), path, `unknown key ${quote(key)}`, hint);
}

function describe(
  issue: z.core.$ZodIssue,
  value: unknown,
  report: Report,
): [message: string, hint?: string | undefined] {
  if (value === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value')) {
    return ['is missing', issue.message === 'expected text' ? undefined : issue.message];
  }
  if (issue.code === 'invalid_type') {
    const hint = issue.message === 'expected text' && formIsPlain(value) ? 'put it in quotes' : undefined;
    const secret = issue.path.at(-1) === 'password' && formIsPlain(value);
    return [`${issue.message}, got ${secret ? `a ${typeof value}` : shown(value)}`, hint];
  }
  if (issue.code === 'invalid_value') {
    const near = typeof value === 'string' && report.suggest(() => closest(value, issue.values.map(String)));
    return [`${issue.message}, got ${shown(value)}`, near ? `did you mean ${quote(near)}?` : undefined];
  }
  return [withValue(issue.message, value)];
}

/** What was found stands behind what was expected; what may hold a password does not. */
function withValue(message: string, value: unknown): string {
  const plain = typeof value === 'string' ? !/:\/\/|@/.test(value) : shown(value) !== 'a map';
  return plain && value !== undefined && /^(expected|must be) /.test(message)
    ? `${message}, got ${shown(value)}`
    : message;
}

/** A union within a source kind: the errors of the one option whose type fits, or all that were expected. */
function describeUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  value: unknown,
): [message: string, hint?: string | undefined] {
  const firsts = issue.errors.map((errors) => errors[0]).filter((first) => first !== undefined);
  const fits = firsts.find(
    ({ code, path }) => path.length > 0 || (code !== 'invalid_type' && code !== 'invalid_value'),
  );
  if (fits) return [withValue(fits.message, value)];
  if (value === undefined) return ['is missing'];
  const expected = firsts.map(({ message }) => message.replace(/^expected /, ''));
  return [`expected ${[...new Set(expected)].join(' or ')}, got ${shown(value)}`];
}

function formIsPlain(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? quote(value) : String(value);
}

/** The tree has undefined where reading it found an error. */
function isReported(tree: Tree, path: Path): boolean {
  const parent = valueAt(tree, path.slice(0, -1));
  const key = path.at(-1);
  return (
    key !== undefined &&
    typeof parent === 'object' &&
    parent !== null &&
    key in parent &&
    valueAt(tree, path) === undefined
  );
}

function valueAt(tree: Tree, path: Path): unknown {
  let value = tree.value;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}
