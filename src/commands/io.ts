/** Where commands print: data to stdout, talk to stderr, each text past the redactor. */
import { styleText } from 'node:util';
import { createRedactor, type Redactor } from '../observe/redact.ts';

type Style = Parameters<typeof styleText>[0];

export interface Io {
  /** Add the secrets of a config before anything of it is printed. */
  redact: Redactor;
  /** A line, or several, of data. */
  out(text: string): void;
  /** A line, or several, for the person. */
  say(text: string): void;
  /** Colours where stdout is a terminal and NO_COLOR is not set. */
  style(style: Style, text: string): string;
  env: NodeJS.ProcessEnv;
}

export function createIo(): Io {
  const redact = createRedactor();
  // A reader that has seen enough (`relay plan | head`) is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return {
    redact,
    env: process.env,
    out: (text) => void process.stdout.write(`${redact.redactText(text)}\n`),
    say: (text) => void process.stderr.write(`${redact.redactText(text)}\n`),
    style: (style, text) => (isColoured(process.stdout) ? styleText(style, text) : text),
  };
}

export function isColoured(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.hasColors();
}
