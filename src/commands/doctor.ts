import { existsSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { loadConfig } from '../config/load.ts';
import { examine, print } from '../tools/doctor.ts';

interface Args {
  file: string;
  json: boolean;
}

export const command: CommandModule<object, Args> = {
  command: 'doctor [file]',
  describe: 'Check Node, ffmpeg, MediaMTX, ports and disk, with a remedy for each problem',
  builder: (yargs) =>
    yargs
      .positional('file', {
        type: 'string',
        default: 'relay.yaml',
        describe: 'whose addresses and programs to check',
      })
      .option('json', { type: 'boolean', default: false, describe: 'print the findings as JSON' })
      .example('$0 doctor', 'what is missing on this machine, and the command that helps'),
  handler: async ({ file, json }) => {
    const config = existsSync(file) ? await loadConfig(file, process.env) : undefined;
    const findings = await examine({ env: process.env, config });
    process.stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : print(findings));
    if (findings.some(({ state }) => state === 'missing')) process.exitCode = 69;
  },
};
