import { messageOf, RelayError } from '../errors.ts';
import { defineCommand } from './command.ts';
import { fileArgument, readConfig } from './config-file.ts';

export const command = defineCommand({
  builder: (yargs) =>
    fileArgument(yargs)
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' })
      .example('$0 check', 'check ./relay.yaml')
      .example('$0 check site.yaml --json', 'for editors and scripts'),

  async handler({ file, json }, io) {
    try {
      const config = await readConfig(file, io);
      const counts = {
        sources: Object.keys(config.sources).length,
        routes: Object.keys(config.routes).length,
      };
      if (json) io.out(JSON.stringify({ valid: true, file: config.file, ...counts }));
      else io.out(`${file} is valid: ${count(counts.sources, 'source')}, ${count(counts.routes, 'route')}`);
      return 0;
    } catch (error) {
      if (!json || !(error instanceof RelayError)) throw error;
      const diagnostics = 'diagnostics' in error ? error.diagnostics : [];
      io.out(JSON.stringify({ valid: false, code: error.code, message: messageOf(error), diagnostics }));
      return error.exitCode;
    }
  },
});

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
