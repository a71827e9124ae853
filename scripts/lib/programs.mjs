/** The real programs that end-to-end tests and benchmarks start: found or installed, and named in the environment. */
import { say } from './setup.mjs';
import { fetchTestTools } from './test-tools.mjs';

export async function fetchPrograms() {
  const { install, interruptible } = await import('../../dist/tools/install.js');
  const { createReport } = await import('../../dist/tools/report.js');
  const { cacheFolder } = await import('../../dist/tools/cache.js');
  const options = { report: createReport(), env: process.env };
  for (const what of ['ffmpeg', 'mediamtx']) {
    const found = await interruptible((signal) => install({ ...options, what, signal })).catch((error) =>
      say(`${error.message}\n→ ${error.hint}\nthe tests with ${what} can't run and will say so`),
    );
    if (found?.ffmpeg) process.env.FFMPEG_PATH = found.ffmpeg.path;
    if (found?.ffprobe) process.env.FFPROBE_PATH = found.ffprobe.path;
    if (found?.mediamtx) process.env.MEDIAMTX_PATH = found.mediamtx.path;
  }
  await fetchTestTools(cacheFolder(process.env));
}
