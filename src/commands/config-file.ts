/** The `[file]` of commands that read a relay.yaml. */
import type { Argv } from 'yargs';
import type { Config } from '../config/config.ts';
import type { Io } from './io.ts';

export function fileArgument(yargs: Argv): Argv<{ file: string }> {
  return yargs.positional('file', { type: 'string', default: 'relay.yaml', describe: 'The file to read' });
}

/** From here on nothing that is printed shows its secrets. */
export async function readConfig(file: string, io: Io): Promise<Config> {
  const { loadConfig } = await import('../config/load.ts');
  const config = await loadConfig(file, io.env);
  io.redact.add(config.secrets);
  return config;
}
