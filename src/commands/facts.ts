/** Looks at the tools and sources of a config, for commands that plan without running. */
import type { Config } from '../config/config.ts';
import { messageOf } from '../errors.ts';
import { kindOf } from '../kinds/sources/index.ts';
import { probeMedia } from '../observe/probe.ts';
import type { Facts } from '../plan/types.ts';
import { findFfmpeg, findFfprobe } from '../tools/ffmpeg.ts';
import { createReport } from '../tools/report.ts';
import type { Io } from './io.ts';

/** Cameras answer in their own time; more at once than this would only crowd a small machine. */
const AT_ONCE = 8;

export async function gatherFacts(config: Config, io: Io, probe: boolean): Promise<Facts> {
  const ffmpeg = await findFfmpeg({ configured: config.tools.ffmpeg, env: io.env });
  const facts: Facts = { tools: ffmpeg.tools, media: {} };
  if (!probe) return facts;

  const ffprobe = await findFfprobe({ configured: config.tools.ffprobe, env: io.env, ffmpeg: ffmpeg.path });
  const waiting = Object.entries(config.sources).flatMap(([name, source]) => {
    const request = kindOf(source).probe?.(source);
    return request ? [{ name, args: request.args }] : [];
  });
  const total = waiting.length;
  const progress = createReport(process.stderr);
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      progress.progress(`looking at ${next.name}, ${total - waiting.length} of ${total} sources`);
      try {
        facts.media[next.name] = await probeMedia({ ffprobe: ffprobe.path, args: next.args });
      } catch (error) {
        progress.end();
        io.say(`${next.name} is planned without knowing what it holds: ${messageOf(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, total) }, worker));
  progress.end();
  return facts;
}
