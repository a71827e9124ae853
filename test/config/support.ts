/** Reads a text as relay.yaml, and shows what came of it. */
import { ConfigError, type Diagnostic } from '../../src/config/diagnostic.ts';
import { parseConfig } from '../../src/config/load.ts';

type Env = Record<string, string | undefined>;

export function read(text: string, env: Env = {}) {
  return parseConfig(text, { file: 'relay.yaml', env });
}

export function diagnose(text: string, env: Env = {}): Diagnostic[] {
  try {
    read(text, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.diagnostics;
    throw error;
  }
  return [];
}

/** "line:column path: message" of each diagnostic. */
export function problems(text: string, env: Env = {}): string[] {
  return diagnose(text, env).map(
    ({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`,
  );
}

/** A file with one source, `cam`, and these routes. */
export function routes(...lines: string[]): string {
  return ['sources:', '  cam: rtsp://192.0.2.1/x', 'routes:', ...lines.map((line) => `  ${line}`)].join('\n');
}

/** A file with one route, `cam`, and these sources. */
export function sources(...lines: string[]): string {
  return [
    'routes: { cam: cam }',
    'sources:',
    '  cam: rtsp://192.0.2.1/x',
    ...lines.map((line) => `  ${line}`),
  ].join('\n');
}

/** A file with one route and these settings before it. */
export function settings(...lines: string[]): string {
  return [...lines, 'sources: { cam: rtsp://192.0.2.1/x }', 'routes: { cam: cam }'].join('\n');
}
