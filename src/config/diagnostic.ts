/** What is wrong with relay.yaml, where, and what helps. */
import { RelayError } from '../errors.ts';
import { redact } from './secrets.ts';

/** Where something stands in the file's tree: keys of maps and indexes of lists. */
export type Path = readonly (string | number)[];

/** Counted from 1. */
export interface Position {
  line: number;
  column: number;
}

export interface Diagnostic extends Position {
  file: string;
  severity: 'error';
  /** "routes.lobby.from"; "" for the file as a whole. */
  path: string;
  message: string;
  hint?: string;
}

export class ConfigError extends RelayError {
  readonly diagnostics: Diagnostic[];

  constructor(diagnostics: Diagnostic[]) {
    // Each line says what helps.
    super('RELAY_CONFIG_INVALID', diagnostics.map(format).join('\n'), { hint: '' });
    this.diagnostics = diagnostics;
  }
}

/** `relay.yaml:21:9 error routes.lobby.splitt: unknown key "splitt"; did you mean "split"?` */
export function format(diagnostic: Diagnostic): string {
  const { file, line, column, severity, path, message, hint } = diagnostic;
  return `${file}:${line}:${column} ${severity} ${path && `${path}: `}${message}${hint ? `; ${hint}` : ''}`;
}

/** More errors than anybody reads at once; the rest appears when these are mended. */
const most = 50;

/** How many "did you mean" are searched for: each looks at every name of the file. */
const mostSuggestions = 10;

/** Collects the errors of one file. */
export class Report {
  readonly diagnostics: Diagnostic[] = [];
  /** Values that no message may show. */
  readonly secrets = new Set<string>();
  readonly #file: string;
  #suggestions = 0;

  constructor(file: string) {
    this.#file = file;
  }

  get failed(): boolean {
    return this.diagnostics.length > 0;
  }

  /** Nothing more is taken. */
  get full(): boolean {
    return this.diagnostics.length >= most;
  }

  add(position: Position | (() => Position), path: Path, message: string, hint?: string | undefined): void {
    if (this.full) return;
    const { line, column } = typeof position === 'function' ? position() : position;
    const before = this.diagnostics.at(-1);
    if (before?.line === line && before.column === column && before.message === this.#clean(message)) return;
    this.diagnostics.push({
      file: this.#file,
      line,
      column,
      severity: 'error',
      path: path.map((part) => cut(String(part))).join('.'),
      message: this.#clean(message),
      ...(hint !== undefined && hint !== '' && { hint: this.#clean(hint) }),
    });
  }

  /** Secrets go before anything is cut off, so that no part of one stays. */
  #clean(text: string): string {
    const short = redact(text, this.secrets).replace(/"([^"]{77})[^"]{4,}"/g, '"$1…"');
    return short.length > 1000 ? `${short.slice(0, 999)}…` : short;
  }

  /** Runs a search for a similar name, as long as there were not many yet. */
  suggest(search: () => string | undefined): string | undefined {
    this.#suggestions += 1;
    return this.#suggestions <= mostSuggestions ? search() : undefined;
  }

  /** In the order of the file. */
  error(): ConfigError {
    return new ConfigError(this.diagnostics.toSorted((a, b) => a.line - b.line || a.column - b.column));
  }
}

/** A user's text inside a message; the report hides secrets in it and shortens it. */
export function quote(text: string): string {
  return `"${text}"`;
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
