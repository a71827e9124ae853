import { loadConfig } from '../config/load.ts';
import { startGateway } from '../gateway.ts';
import { defineCommand } from './command.ts';
import { fileArgument, readConfig } from './config-file.ts';
import { logOptions, openLog, serve } from './serve.ts';

export const command = defineCommand({
  builder: (yargs) =>
    logOptions(fileArgument(yargs))
      .option('watch', {
        alias: 'w',
        type: 'boolean',
        default: false,
        describe: 'Follow changes of the file',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Show the plan and stop' })
      .example('$0 run', 'run ./relay.yaml')
      .example('$0 run site.yaml --watch', 'restart only what a change of the file touches')
      .example('$0 run --log json | jq .msg', 'for log collectors')
      .epilogue('SIGHUP reads the file again. SIGINT and SIGTERM stop; a second one stops at once.'),

  async handler({ file, watch, 'dry-run': dryRun, log: format, level }, io) {
    if (dryRun) return showPlan(file);
    const log = await openLog(format, level, io);
    const load = () => loadConfig(file, io.env);
    return serve(io, format, (signal) =>
      startGateway({ load, env: io.env, log, redact: io.redact, watch, signal }),
    );

    async function showPlan(name: string): Promise<number> {
      const [{ plan }, { printPlan }, { gatherFacts }] = await Promise.all([
        import('../plan/plan.ts'),
        import('../plan/print.ts'),
        import('./facts.ts'),
      ]);
      const config = await readConfig(name, io);
      io.out(printPlan(plan(config, await gatherFacts(config, io, true)), 'tree'));
      return 0;
    }
  },
});
