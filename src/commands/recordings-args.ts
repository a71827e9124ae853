/** What all of `relay recordings` are told: whose recordings, and where they lie. */
import type { Argv } from 'yargs';
import { RelayError } from '../errors.ts';
import type { Recording } from '../recordings/places.ts';
import { recordingsIn, recordingsOf } from '../recordings/places.ts';
import { readConfig } from './config-file.ts';
import type { Io } from './io.ts';

export interface PlaceArgs {
  config: string;
  dir: string | undefined;
}

export interface SpanArgs {
  from: string | undefined;
  to: string | undefined;
}

export function placeOptions<T>(yargs: Argv<T>): Argv<T & PlaceArgs> {
  return yargs
    .option('config', {
      type: 'string',
      default: 'relay.yaml',
      requiresArg: true,
      describe: 'The file that says where recordings go',
    })
    .option('dir', {
      type: 'string',
      requiresArg: true,
      describe: 'Folder of a sink, instead of a relay.yaml',
    });
}

/** nargs: what begins with "-" and a digit is a time here, no option. */
export function spanOptions<T>(yargs: Argv<T>): Argv<T & SpanArgs> {
  return yargs
    .option('from', {
      type: 'string',
      nargs: 1,
      describe: 'A time: now, -10m, 2026-11-21T18:09:02Z, 2026-11-21 18:09 (local), Unix seconds',
    })
    .option('to', { type: 'string', nargs: 1, describe: 'A time, as --from; now unless told' });
}

export async function findRecordings(
  args: PlaceArgs,
  route: string | undefined,
  io: Io,
): Promise<Recording[]> {
  if (args.dir !== undefined) return recordingsIn(args.dir, route);
  const config = await readConfig(args.config, io).catch((error: unknown) => {
    if (!(error instanceof RelayError) || error.code !== 'RELAY_CONFIG_MISSING') throw error;
    const hint = 'name it with --config, or the folder of segments or clips with --dir';
    throw new RelayError(error.code, error.message, { hint, cause: error });
  });
  return recordingsOf(config, route);
}

/** By Ctrl-C and the like; what it returns must be called at the end. */
export function onStop(stop: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, stop);
  return () => {
    for (const name of signals) process.off(name, stop);
  };
}
