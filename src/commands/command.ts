/** The contract of a command: one file beside this one, exporting `command`, and one entry in cli.ts. */
import type { Argv } from 'yargs';
import type { Io } from './io.ts';

export interface Command<Options> {
  /** Options, positionals and examples of `relay <command> --help`. */
  builder: (yargs: Argv) => Argv<Options>;
  /** @returns the exit code, 0 unless told. */
  handler: (options: Options, io: Io) => Promise<number | undefined> | Promise<void>;
}

/** Keeps the types of one command together. */
export function defineCommand<Options>(command: Command<Options>): Command<Options> {
  return command;
}
