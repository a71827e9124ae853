/** `node --import`: runs TypeScript as it stands. A test starts a second earlier than with tap's own compiler. */
import { register } from 'node:module';
import processOnSpawn from 'process-on-spawn';

register('./strip-types-hooks.mjs', import.meta.url);

// For coverage tap has each program of a test load a part of it: they start 0.3 s later, and end otherwise than a user's.
processOnSpawn.removeAllListeners();
delete process.env['NODE_OPTIONS'];
