/**
 * YAML nodes → plain values, with environment variables in place, and back from a value's path to its line and column.
 * Interpolation works on single values after parsing, so what comes from the environment never becomes structure.
 */
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from 'yaml';
import { type Path, type Position, quote, type Report } from './diagnostic.ts';
import { type Environment, interpolate } from './interpolate.ts';
import { addSecret } from './secrets.ts';
import { maxDepth, type YamlFile } from './yaml.ts';

export interface Tree {
  /** Maps have no prototype. Where something was wrong and is reported, there is undefined. */
  value: unknown;
  /** Paths (joined by NUL) of values that are one `${…}`: where a number or a switch is wanted, their text may become one. */
  whole: Set<string>;
  positionOf(path: Path): Position;
  /** Of the key instead of the value behind it. */
  keyPositionOf(path: Path): Position;
}

const asText = 'a text that begins with * must stand in quotes';

/** Values that aliases may repeat: enough for shared settings, too few for a bomb. */
const maxRepeated = 20_000;

/** Names that mean something to JavaScript objects. */
export const unsafeNames: readonly string[] = ['__proto__', 'constructor', 'prototype'];

export function readTree({ document, positionAt }: YamlFile, env: Environment, report: Report): Tree {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const whole = new Set<string>();
  let repeated = 0;

  const fail = (node: Node | null | undefined, path: Path, message: string, hint?: string) => {
    report.add(() => positionAt(node?.range?.[0] ?? 0), path, message, hint);
    return undefined;
  };

  function read(node: Node | null, path: Path, inAlias: boolean): unknown {
    if (path.length > maxDepth) return fail(node, path, `nested deeper than ${maxDepth} levels`);
    if (inAlias) repeated += 1;
    if (repeated > maxRepeated) {
      if (repeated === maxRepeated + 1) fail(node, path, `aliases repeat more than ${maxRepeated} values`);
      repeated += 1;
      return undefined;
    }
    if (node === null) return null;
    if (isAlias(node)) return readAlias(node, path);
    const value = isMap<Node, Node | null>(node)
      ? readMap(node.items, path, inAlias)
      : isSeq<Node | null>(node)
        ? node.items.map((item, index) => read(item, [...path, index], inAlias))
        : readScalar(node as Scalar, path);
    // Set last: a value can't hold an alias of itself.
    if ('anchor' in node && node.anchor) anchors.set(node.anchor, node);
    return value;
  }

  function readAlias(alias: Alias, path: Path): unknown {
    const target = anchors.get(alias.source);
    // It may be a password that begins with *: what it says is not repeated.
    if (!target) return fail(alias, path, 'no value before this one has this anchor', asText);
    targets.set(alias, target);
    return read(target, path, true);
  }

  function readMap(items: Pair<Node, Node | null>[], path: Path, inAlias: boolean): Record<string, unknown> {
    const result: Record<string, unknown> = Object.create(null);
    for (const { key, value } of items) {
      const name = keyOf(key);
      if (name === undefined) fail(key, path, 'a key must be a plain word');
      else if (unsafeNames.includes(name)) fail(key, [...path, name], `${quote(name)} can not be a key`);
      else if (Object.hasOwn(result, name))
        fail(key, [...path, name], `the key ${quote(name)} stands here twice`);
      else result[name] = read(value, [...path, name], inAlias);
    }
    return result;
  }

  function readScalar(scalar: Scalar, path: Path): unknown {
    if (typeof scalar.value !== 'string')
      return typeof scalar.value === 'bigint' ? String(scalar.value) : scalar.value;
    const control = () => fail(scalar, path, 'the text has a control character or a line break');
    if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(scalar.value)) return control();
    if (!scalar.value.includes('${')) return scalar.value;
    const { text, values, whole: isWhole, problems } = interpolate(scalar.value, env);
    for (const problem of problems) fail(scalar, path, problem);
    if (problems.length > 0) return undefined;
    if (isWhole) whole.add(path.join('\0'));
    if (!isPublic(path, text)) for (const value of values) addSecret(report.secrets, value);
    return text;
  }

  /** The node at a path, or the deepest one on the way to it; and the key before it. */
  function find(path: Path): { key?: Node; value: Node | null } {
    let found: { key?: Node; value: Node | null } = { value: document.contents };
    for (const step of path) {
      const node = isAlias(found.value) ? (targets.get(found.value) ?? null) : found.value;
      if (isMap<Node, Node | null>(node)) {
        const pair = node.items.find(({ key }) => keyOf(key) === step);
        if (!pair) return found;
        found = { key: pair.key, value: pair.value };
      } else if (isSeq<Node | null>(node) && typeof step === 'number' && node.items[step] !== undefined) {
        found = { value: node.items[step] };
      } else return found;
    }
    return found;
  }

  const at = (node: Node | null | undefined) => positionAt(node?.range?.[0] ?? 0);
  return {
    value: read(document.contents, [], false),
    whole,
    positionOf(path) {
      const { key, value } = find(path);
      // An empty value has no place of its own.
      const empty = value === null || (isScalar(value) && value.range?.[0] === value.range?.[1]);
      return at(empty ? (key ?? value) : value);
    },
    keyPositionOf(path) {
      const { key, value } = find(path);
      return at(key ?? value);
    },
  };
}

/** A key as it is written: `007`, `on` and `null` are names too. */
function keyOf(key: Node | null): string | undefined {
  if (!isScalar(key)) return undefined;
  const text = typeof key.value === 'string' ? key.value : key.source;
  return text === undefined || text === '' || /[\p{Cc}\p{Cs}]/u.test(text) ? undefined : text;
}

/**
 * Places whose values are printed by design even when they come from the environment: addresses to listen on,
 * programs, durations, names of sources and paths.
 */
function isPublic(path: Path, text: string): boolean {
  const [section, , key] = path;
  if (section === 'server') return path[1] !== 'users' || path[3] !== 'password';
  if (section === 'tools' || section === 'api' || section === 'stall') return true;
  return (
    section === 'routes' && (key === undefined || key === 'from' || (key === 'to' && !text.includes('://')))
  );
}
