import { listRecording } from '../recordings/list.ts';
import { readSpan } from '../recordings/times.ts';
import { defineCommand } from './command.ts';
import { findRecordings, placeOptions, spanOptions } from './recordings-args.ts';
import { printListing } from './recordings-print.ts';

export const command = defineCommand({
  builder: (yargs) =>
    placeOptions(spanOptions(yargs.positional('route', { type: 'string', describe: 'Only of this route' })))
      .option('gaps', { type: 'boolean', default: false, describe: 'Only what is missing' })
      .option('clips', { type: 'boolean', default: false, describe: 'Clips instead of segments' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' })
      .example('$0 recordings list', 'all that ./relay.yaml records')
      .example('$0 recordings list lobby --from -1h --gaps', 'what is missing of the last hour')
      .example('$0 recordings list --dir /recordings/lobby --json', 'without a relay.yaml, for scripts'),

  async handler({ route, gaps, clips, json, from, to, ...place }, io) {
    const span = readSpan({ from, to }, Date.now() / 1000);
    const all = await findRecordings(place, route, io);
    // Where there are clips only, nothing else can be meant.
    const kind = clips || all.every((one) => one.kind === 'clips') ? 'clips' : 'segments';
    const listings = [];
    for (const one of all) if (one.kind === kind) listings.push(await listRecording(one, span));
    if (json) io.out(JSON.stringify({ recordings: listings }, null, 2));
    else if (listings.length === 0) io.say(`no ${kind} are recorded`);
    else io.out(listings.map((one) => printListing(one, { gapsOnly: gaps }, io.style)).join('\n\n'));
  },
});
