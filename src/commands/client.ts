/** Calls the HTTP API of a running gateway. */
import { existsSync } from 'node:fs';
import type { Argv } from 'yargs';
import type { Address } from '../config/config.ts';
import { isErrorCode, messageOf, RelayError } from '../errors.ts';
import { formatAddress } from '../plan/print-address.ts';
import { readConfig } from './config-file.ts';
import type { Io } from './io.ts';

const DEFAULT = 'http://127.0.0.1:9980';
const PATIENCE_MS = 5000;

export function apiOption<Options>(yargs: Argv<Options>): Argv<Options & { api: string | undefined }> {
  return yargs.option('api', {
    type: 'string',
    requiresArg: true,
    describe: `Address of the gateway; unless told, api.listen of ./relay.yaml, else ${DEFAULT}`,
  });
}

/** The address of the gateway's API, e.g. "http://127.0.0.1:9980". */
export async function apiAddress(api: string | undefined, io: Io): Promise<string> {
  if (api !== undefined) return withScheme(api);
  const listen = existsSync('relay.yaml') ? await ownListen(io) : undefined;
  return listen ? `http://${formatAddress(listen)}` : DEFAULT;
}

/** A relay.yaml that is broken right now must not hide a gateway that runs. */
async function ownListen(io: Io): Promise<Address | false | undefined> {
  try {
    return (await readConfig('relay.yaml', io)).api.listen;
  } catch (error) {
    const { readApiListen } = await import('../config/load.ts');
    const listen = await readApiListen('relay.yaml', io.env).catch(() => undefined);
    if (listen === undefined)
      io.say(`relay.yaml has errors, so the default address ${DEFAULT} is tried:\n${messageOf(error)}`);
    return listen;
  }
}

function withScheme(api: string): string {
  const url = /^https?:\/\//.test(api) ? api : `http://${api}`;
  if (!URL.canParse(url))
    throw new RelayError('RELAY_USAGE', `--api ${api} is no address`, { hint: `e.g. --api ${DEFAULT}` });
  return url.replace(/\/+$/, '');
}

export async function callApi(
  address: string,
  path: string,
  method: 'GET' | 'POST' = 'GET',
  body?: object,
): Promise<unknown> {
  let response: Response;
  let answer: unknown;
  try {
    // A reload waits for what it changes.
    const patience = method === 'GET' ? PATIENCE_MS : 60_000;
    response = await fetch(address + path, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(patience),
      redirect: 'error',
    });
    answer = await response.json();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new RelayError(
      'RELAY_GATEWAY_UNREACHABLE',
      `no gateway answers at ${address}: ${messageOf(cause)}`,
    );
  }
  if (response.ok) return answer;
  const { code, message, hint: told } = Object(answer) as Record<string, unknown>;
  // The API names its own calls; here it is commands that help.
  const hint = code === 'RELAY_NOT_FOUND' ? 'relay status shows what there is' : told;
  throw new RelayError(
    isErrorCode(code) ? code : 'RELAY_GATEWAY_UNREACHABLE',
    `${message ?? `HTTP ${response.status}`}`,
    {
      ...(typeof hint === 'string' && { hint }),
    },
  );
}
