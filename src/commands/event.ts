import { messageOf, RelayError } from '../errors.ts';
import type { EventTaken } from '../gateway.ts';
import { apiAddress, apiOption, callApi } from './client.ts';
import { defineCommand } from './command.ts';

export const command = defineCommand({
  builder: (yargs) =>
    apiOption(
      yargs
        .positional('route', {
          type: 'string',
          demandOption: true,
          describe: 'A route of the running gateway',
        })
        .positional('name', {
          type: 'string',
          demandOption: true,
          describe: 'What happened: letters, digits, _ . and -',
        })
        .option('data', { type: 'string', requiresArg: true, describe: 'Any JSON about it, at most 16 kB' })
        .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' }),
    )
      .example('$0 event lobby door', 'clips of the route lobby that want "door" are cut around now')
      .example(`$0 event lobby door --data '{"open":true}'`, 'the data stands beside the clip'),

  async handler({ api, route, name, data, json }, io) {
    const body = { name, ...(data !== undefined && { data: parse(data) }) };
    const path = `/v1/routes/${route.split('/').map(encodeURIComponent).join('/')}/events`;
    const taken = (await callApi(await apiAddress(api, io), path, 'POST', body)) as EventTaken;
    io.out(json ? JSON.stringify(taken) : `${name} on ${route} at ${new Date(taken.at).toISOString()}`);
    if (!json && taken.clips === 0) io.say(unwanted(route, name, taken));
  },
});

function unwanted(route: string, name: string, { wanted }: EventTaken): string {
  if (wanted.length === 0) return `no clips of ${route} want ${name}: it has none`;
  return `no clips of ${route} want ${name} (they want: ${wanted.join(', ')})`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RelayError('RELAY_USAGE', `--data is no JSON: ${messageOf(error)}`, {
      hint: `e.g. --data '{"open":true}'`,
    });
  }
}
