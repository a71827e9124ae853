import type { GatewayStatus } from '../observe/state.ts';
import { apiAddress, apiOption, callApi } from './client.ts';
import { defineCommand } from './command.ts';
import { printStatus } from './status-print.ts';

export const command = defineCommand({
  builder: (yargs) =>
    apiOption(yargs)
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' })
      .example('$0 status', 'units, paths and the cause of the last restart of each'),

  async handler({ api, json }, io) {
    const status = (await callApi(await apiAddress(api, io), '/v1/status')) as GatewayStatus;
    io.out(json ? JSON.stringify(status, null, 2) : printStatus(status, Date.now(), io.style));
  },
});
