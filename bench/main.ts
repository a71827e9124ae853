/** `npm run bench [name …]`: side by side with the bare tools, on an otherwise idle machine. */
import { copyRoutes } from './copy-routes.ts';
import { hooks } from './hooks.ts';
import { recording } from './recording.ts';
import { runAll } from './run.ts';
import { snapshots } from './snapshots.ts';
import { start } from './start.ts';
import { transcode } from './transcode.ts';

await runAll({ start, 'copy-routes': copyRoutes, hooks, recording, snapshots, transcode });
