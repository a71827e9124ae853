/** Anything that user code may throw, in one line. */
import { inspect } from 'node:util';

/** `file`: the user's, to name the line in it. */
export function words(thrown: unknown, file?: string): string {
  if (!(thrown instanceof Error))
    return `${inspect(thrown, { depth: 1, breakLength: Infinity }).slice(0, 300)} was thrown`;
  const name = thrown.name === 'Error' ? '' : `${thrown.name}: `;
  const text = `${name}${thrown.message || 'an error without a message'}`.slice(0, 1000);
  const line = file === undefined ? undefined : lineIn(thrown.stack, file);
  return line === undefined ? text : `${text} (line ${line})`;
}

function lineIn(stack: unknown, file: string): string | undefined {
  if (typeof stack !== 'string') return undefined;
  const at = stack.indexOf(`${file}:`);
  return at < 0 ? undefined : /^\d+/.exec(stack.slice(at + file.length + 1))?.[0];
}
