/** Sets up what the benchmarks need and runs them: `npm run bench`, `npm run bench -- start`. */
import { runMeasurement } from './lib/measurement.mjs';

await runMeasurement('bench/main.ts');
