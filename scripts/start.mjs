/** `npm start`: everything that a fresh clone lacks, then `relay run relay.yaml`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePromo } from './lib/promo.mjs';
import { end, prepare, relay, root, say } from './lib/setup.mjs';

await prepare();

const { install, interruptible } = await import('../dist/tools/install.js');
const { createReport } = await import('../dist/tools/report.js');
const { loadConfig } = await import('../dist/config/load.js');

const file = join(root, 'relay.yaml');
// A broken file is the business of `relay run`, which points at the line.
const config = await loadConfig(file, process.env).catch(() => undefined);
const common = {
  report: createReport(),
  env: process.env,
  configured: { ...config?.tools, mediamtx: config?.server.binary },
};

const ffmpeg = await interruptible((signal) => install({ ...common, what: 'ffmpeg', signal }))
  .then((installed) => installed.ffmpeg)
  .catch((error) => end(`${error.message}\n→ ${error.hint}`, error.exitCode ?? 1));

if (config?.server.driver !== 'node-media-server') {
  await interruptible((signal) => install({ ...common, what: 'mediamtx', signal })).catch((error) => {
    // A sum that doesn't match is no lack to work around.
    if (error.code !== 'RELAY_BINARY_MISSING') end(`${error.message}\n→ ${error.hint}`, error.exitCode ?? 1);
    say(`${error.message}\n→ ${error.hint}`);
  });
}

const promo = join('media', 'promo.mp4');
const wanted = existsSync(file) && /\bmedia\/promo\.mp4\b/.test(readFileSync(file, 'utf8'));
if (wanted && !existsSync(join(root, promo))) {
  await makePromo(ffmpeg.path, join(root, promo));
}

process.chdir(root);
await relay(['run', 'relay.yaml', ...process.argv.slice(2)]);
