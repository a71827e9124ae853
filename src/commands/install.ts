import { existsSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { loadConfig } from '../config/load.ts';
import { type InstallTarget, install, interruptible } from '../tools/install.ts';
import { createReport } from '../tools/report.ts';

interface Args {
  what: InstallTarget;
  config: string;
  from: string | undefined;
  sha256: string | undefined;
  force: boolean;
}

export const command: CommandModule<object, Args> = {
  command: 'install [what]',
  describe: 'Bring the programs that are missing: ffmpeg, ffprobe and MediaMTX',
  builder: (yargs) =>
    yargs
      .positional('what', {
        choices: ['all', 'ffmpeg', 'mediamtx'] as const,
        default: 'all' as const,
        describe: 'which of them',
      })
      .option('config', {
        type: 'string',
        default: 'relay.yaml',
        describe: 'programs that it names are not installed',
      })
      .option('from', { type: 'string', describe: "URL of a mirror of MediaMTX's releases" })
      .option('sha256', { type: 'string', describe: "sum that MediaMTX's archive must have" })
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'fetch MediaMTX again though it is there',
      })
      .example('$0 install', 'bring whatever is missing')
      .example('$0 install mediamtx --from https://mirror.example/mediamtx', 'take MediaMTX from a mirror'),
  handler: async ({ what, config: file, from, sha256, force }) => {
    const config = existsSync(file) ? await loadConfig(file, process.env) : undefined;
    const configured = { ...config?.tools, mediamtx: config?.server.binary };
    const report = createReport();
    const { ffmpeg, ffprobe, mediamtx } = await interruptible((signal) =>
      install({ report, what, env: process.env, configured, from, sha256, force, signal }),
    );
    for (const [name, binary] of Object.entries({ ffmpeg, ffprobe, mediamtx })) {
      if (!binary) continue;
      for (const warning of binary.warnings) report.say(`${name}: ${warning}`);
      process.stdout.write(`${name} ${binary.version} ${binary.path}\n`);
    }
  },
};
