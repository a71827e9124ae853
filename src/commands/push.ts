import type { Config } from '../config/config.ts';
import { RelayError } from '../errors.ts';
import { type RunningGateway, startGateway } from '../gateway.ts';
import { remoteSchemes } from '../kinds/sinks/remote.ts';
import { defineCommand } from './command.ts';
import { gatherFacts } from './facts.ts';
import { portOr } from './free-port.ts';
import type { Io } from './io.ts';
import { logOptions, openLog, serve } from './serve.ts';
import { readTarget, type Target } from './target.ts';
import { typedConfig } from './typed-config.ts';

export const command = defineCommand({
  builder: (yargs) =>
    logOptions(
      yargs
        .positional('from', {
          type: 'string',
          demandOption: true,
          describe:
            'A file, a picture, a URL, "desktop" or "desktop::0.0", "test", or a device such as /dev/video0',
        })
        .positional('to', {
          type: 'string',
          describe:
            'Name of the path to serve (made from the source unless told), or the URL of another server',
        })
        .option('loop', {
          alias: 'l',
          type: 'boolean',
          default: false,
          describe: 'Play a file again and again',
        })
        .option('fps', {
          type: 'number',
          requiresArg: true,
          describe: 'Frames a second of a picture, desktop or device',
        })
        .option('audio', {
          type: 'string',
          requiresArg: true,
          describe: 'Sound device beside a desktop or camera, e.g. default',
        })
        .example('$0 push clip.mp4 --loop', 'play a file into rtsp://127.0.0.1:8554/clip')
        .example('$0 push clip.mp4 rtmp://live.example/app/key', 'send a file to another server')
        .example('$0 push desktop --audio default', 'show the screen, with sound')
        .example('$0 push test', 'colour bars with clock, frame counter, flash and beep'),
    ),

  async handler({ from, to, loop, fps, audio, log: format, level }, io) {
    const target = readTarget(from, { env: io.env, loop, fps, audio });
    const config = await configOf(target, to, io);
    await refuseUnreadable(target, config, io);
    const log = await openLog(format, level, io);
    const start = (signal: AbortSignal) =>
      startGateway({ load: async () => config, env: io.env, log, redact: io.redact, signal });
    return serve(io, format, start, played);
  },
});

/** The relay.yaml that would do the same. */
async function configOf(target: Target, to: string | undefined, io: Io): Promise<Config> {
  const remote = to?.includes('://') ? to : undefined;
  if (remote && !remoteSchemes.some((scheme) => remote.startsWith(`${scheme}://`))) {
    throw new RelayError('RELAY_USAGE', `nothing can be sent to ${to}`, {
      hint: `a name, or a URL: ${remoteSchemes.join(', ')}`,
    });
  }
  const name = remote || to === undefined ? target.name : to;
  const [rtsp, rtmp, hls, webrtc, api] = await Promise.all([8554, 1935, 8888, 8889, 9980].map(portOr));
  const local = (port: number | undefined) => `127.0.0.1:${port}`;
  const file = {
    server: { rtsp: local(rtsp), rtmp: local(rtmp), hls: local(hls), webrtc: local(webrtc) },
    api: { listen: local(api) },
    sources: { [target.name]: target.source },
    routes: { [name]: { from: target.name, to: remote ? [name, to] : [name] } },
  };
  return typedConfig(file, io);
}

/** In a gateway a source may mend itself; here a person waits, who named a file that will not. */
async function refuseUnreadable({ source }: Target, config: Config, io: Io): Promise<void> {
  if (!('file' in source || 'image' in source)) return;
  const { media } = await gatherFacts(config, io, true);
  if (Object.keys(media).length === 0) throw new RelayError('RELAY_SOURCE_UNREADABLE', 'nothing to push');
}

/** Resolves when everything that plays once has played. */
function played(gateway: RunningGateway): Promise<void> {
  return new Promise((resolve) => {
    gateway.subscribe(({ type }) => {
      if (type !== 'unit') return;
      const units = gateway.status().units.filter(({ kind }) => kind === 'ffmpeg');
      if (units.length > 0 && units.every(({ state }) => state === 'finished')) resolve();
    });
  });
}
