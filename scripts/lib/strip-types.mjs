/** `node --import`: runs TypeScript as it stands. A test starts a second earlier than with tap's own compiler. */
import { register } from 'node:module';

register('./strip-types-hooks.mjs', import.meta.url);
