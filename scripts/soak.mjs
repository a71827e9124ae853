/** Long runs that are too slow for `npm test`: `npm run soak`, `npm run soak -- refusing`. */
import { runMeasurement } from './lib/measurement.mjs';

await runMeasurement('bench/soak.ts');
