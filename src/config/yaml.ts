/** Text → YAML nodes with positions. Refuses what would cost too much before the parser sees it. */
import { type Document, type ErrorCode, Lexer, LineCounter, parseDocument } from 'yaml';
import type { Position, Report } from './diagnostic.ts';

/** Bytes of a file. A thousand routes written at length take a fifth of it. */
export const maxBytes = 1024 * 1024;

/** Levels of nesting; relay.yaml needs six. The parser recurses, and a megabyte of "[" would take all memory. */
export const maxDepth = 32;

/** Pieces that the lexer finds; keeps the time for any file below two seconds. */
const maxTokens = 300_000;

export interface YamlFile {
  document: Document.Parsed;
  positionAt(offset: number): Position;
}

/** Undefined: the text is no YAML, and the report says why. */
export function parseYaml(text: string, report: Report): YamlFile | undefined {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const positionAt = (offset: number) => lineAndColumn(source, offset);
  const refuse = (offset: number, message: string, hint?: string) => {
    report.add(positionAt(offset), [], message, hint);
    return undefined;
  };
  if (Buffer.byteLength(source) > maxBytes) return refuse(0, 'the file is larger than 1 MB');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  const control = source.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/);
  if (control >= 0) return refuse(control, 'the file has a control character here');
  const excess = measure(source);
  if (excess) return refuse(excess.offset, excess.message);

  const lines = new LineCounter();
  const document = parseDocument(source, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    // Compares each key with all others of its map; the walk to plain values finds them in linear time.
    uniqueKeys: false,
    prettyErrors: false,
  });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    report.add(at(pos[0]), [], explain(code, message), adviceFor(code, lineAt(source, pos[0])));
  }
  return report.failed ? undefined : { document, positionAt: at };
}

/** Where the text nests too deeply or consists of too many pieces. */
function measure(source: string): { offset: number; message: string } | undefined {
  let offset = 0;
  let tokens = 0;
  let flow = 0;
  let row = 0;
  let scalar = false;
  for (const token of new Lexer().lex(source)) {
    // The lexer's own marks; the text has no control characters any more.
    if (token === '\x02' || token === '\x18' || token === '\x1f') {
      scalar = token === '\x1f';
      continue;
    }
    if (!scalar) {
      if (token === '[' || token === '{') flow += 1;
      else if (token === ']' || token === '}') flow -= 1;
      else if (token === '-' || token === '?' || token === ':') row += 1;
      else if (token === ',' || token.startsWith('\n') || token.startsWith('\r')) row = 0;
    }
    scalar = false;
    if (flow > maxDepth || row > maxDepth)
      return { offset, message: `nested deeper than ${maxDepth} levels` };
    tokens += 1;
    if (tokens > maxTokens) return { offset, message: `the file has more than ${maxTokens} parts` };
    offset += token.length;
  }
  return undefined;
}

/** The parser's own texts quote the source, which may be a password. */
function explain(code: ErrorCode, message: string): string {
  if (code === 'UNEXPECTED_TOKEN' || code === 'IMPOSSIBLE') return 'this is not YAML';
  if (code === 'RESOURCE_EXHAUSTION') return `nested deeper than ${maxDepth} levels`;
  if (code === 'TAG_RESOLVE_FAILED') return 'tags (!…) are not used in this file';
  if (code === 'MULTIPLE_DOCS') return 'only one document a file';
  if (code === 'TAB_AS_INDENT') return 'tabs can not indent: use spaces';
  return `this is not YAML: ${message.split('\n', 1)[0]!.slice(0, 120)}`;
}

function adviceFor(code: ErrorCode, line: string): string | undefined {
  if (/[[{].*[^"']\$\{/.test(line)) return 'inside { } and [ ] a ${NAME} must stand in quotes: "${NAME}"';
  return code === 'TAB_AS_INDENT' ? 'two spaces a level' : undefined;
}

function lineAt(source: string, offset: number): string {
  const end = source.indexOf('\n', offset);
  return source.slice(source.lastIndexOf('\n', offset - 1) + 1, end < 0 ? undefined : end).slice(0, 1000);
}

function lineAndColumn(source: string, offset: number): Position {
  const before = source.slice(0, offset).split(/\r\n|\n/);
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
