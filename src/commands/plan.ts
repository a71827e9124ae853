import { plan } from '../plan/plan.ts';
import { planFormats, printPlan } from '../plan/print.ts';
import { defineCommand } from './command.ts';
import { fileArgument, readConfig } from './config-file.ts';
import { gatherFacts } from './facts.ts';

export const command = defineCommand({
  builder: (yargs) =>
    fileArgument(yargs)
      .option('format', { choices: planFormats, default: 'tree' as const, describe: 'How to print it' })
      .option('json', { type: 'boolean', default: false, describe: 'The same as --format json' })
      .option('probe', {
        type: 'boolean',
        default: true,
        describe: 'Look at the sources first; --no-probe: plan without',
      })
      .example('$0 plan', 'what would run, and why')
      .example('$0 plan --format argv', 'the ffmpeg commands')
      .example('$0 plan --format mermaid > plan.mmd', 'a drawing'),

  async handler({ file, format, json, probe }, io) {
    const config = await readConfig(file, io);
    const facts = await gatherFacts(config, io, probe);
    io.out(printPlan(plan(config, facts), json ? 'json' : format));
  },
});
