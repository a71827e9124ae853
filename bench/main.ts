/** `npm run bench [name …]`: side by side with the bare tools, on an otherwise idle machine. */
import { copyRoutes } from './copy-routes.ts';
import { hooks } from './hooks.ts';
import { runAll } from './run.ts';
import { start } from './start.ts';

await runAll({ start, 'copy-routes': copyRoutes, hooks });
