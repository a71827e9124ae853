import { apiAddress, apiOption, callApi } from './client.ts';
import { defineCommand } from './command.ts';

export const command = defineCommand({
  builder: (yargs) =>
    apiOption(yargs)
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' })
      .example('$0 reload', 'only what changed is restarted; a bad file changes nothing'),

  async handler({ api, json }, io) {
    const answer = (await callApi(await apiAddress(api, io), '/v1/reload', 'POST')) as { changed: string[] };
    if (json) io.out(JSON.stringify(answer));
    else
      io.out(
        answer.changed.length > 0 ? `reloaded: ${answer.changed.join(', ')}` : 'reloaded: nothing changed',
      );
  },
});
