import { messageOf, RelayError } from '../errors.ts';
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
    const answer = (await callApi(await apiAddress(api, io), path, 'POST', body)) as { at: number };
    io.out(json ? JSON.stringify(answer) : `${name} on ${route} at ${new Date(answer.at).toISOString()}`);
  },
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RelayError('RELAY_USAGE', `--data is no JSON: ${messageOf(error)}`, {
      hint: `e.g. --data '{"open":true}'`,
    });
  }
}
