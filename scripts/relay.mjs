/** `npm run -s relay -- …` in a checkout: builds what has changed, then runs the command. */
import { prepare, relay } from './lib/setup.mjs';

await prepare();
await relay(process.argv.slice(2));
