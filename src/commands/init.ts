import { writeFile } from 'node:fs/promises';
import { messageOf, RelayError } from '../errors.ts';
import { defineCommand } from './command.ts';
import { readTarget, type Target } from './target.ts';

export const command = defineCommand({
  builder: (yargs) =>
    yargs
      .positional('from', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: 'Sources: URLs, files, pictures, "desktop", "test", devices',
      })
      .option('output', { alias: 'o', type: 'string', default: 'relay.yaml', describe: 'File to write' })
      .option('force', { alias: 'f', type: 'boolean', default: false, describe: 'Overwrite it' })
      .example('$0 init', 'start with a test picture')
      .example('$0 init rtsp://192.0.2.10/stream1 clip.mp4', 'a camera and a looped file'),

  async handler({ from, output, force }, io) {
    const targets = (from.length > 0 ? from : ['test']).map((text) =>
      readTarget(text, { env: io.env, loop: true }),
    );
    try {
      // It may hold passwords: for its owner only.
      await writeFile(output, relayYaml(unique(targets)), { flag: force ? 'w' : 'wx', mode: 0o600 });
    } catch (error) {
      const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      throw new RelayError(
        'RELAY_USAGE',
        exists ? `${output} exists already` : `${output} can't be written: ${messageOf(error)}`,
        {
          hint: exists ? 'relay init --force overwrites it, --output writes another file' : '',
        },
      );
    }
    io.say(`wrote ${output}; now: relay run${output === 'relay.yaml' ? '' : ` ${output}`}`);
  },
});

function unique(targets: Target[]): Target[] {
  const taken = new Set<string>();
  return targets.map(({ name, source }) => {
    let free = name;
    for (let at = 2; taken.has(free); at++) free = `${name.slice(0, 60)}-${at}`;
    taken.add(free);
    return { name: free, source };
  });
}

function relayYaml(targets: Target[]): string {
  const first = targets[0]!.name;
  return `# What comes in and where it goes. \`relay check\` checks this file, \`relay plan\` shows what it leads to,
# \`relay run --watch\` runs it and follows its changes.

# server:                      # where players connect; these are the defaults
#   rtsp: 127.0.0.1:8554       # ":8554" listens on every interface, false switches a protocol off
#   rtmp: 127.0.0.1:1935
#   hls: 127.0.0.1:8888
#   webrtc: 127.0.0.1:8889

sources:                       # what comes in; \${NAME} is taken from the environment, e.g. for passwords
${targets.map(({ name, source }) => `  ${name}: ${flow(source)}`).join('\n')}
  # camera: rtsp://user:\${CAMERA_PASS}@192.0.2.10/stream1
  # promo: { file: media/promo.mp4, loop: true }
  # slide: { image: media/closed.png }
  # desk: { desktop: ":0.0", fps: 15 }
  # door: { device: /dev/video0 }
  # obs: { publish: true }     # waits for somebody to publish to it

routes:                        # what goes out, here as rtsp://127.0.0.1:8554/${first}
${targets.map(({ name }) => `  ${name}:\n    from: ${name}`).join('\n')}
    # split: true              # also serves ${targets.at(-1)!.name}/video and ${targets.at(-1)!.name}/audio
    # video: { codec: h264, gop: 2s, bitrate: 2M }   # copy, none, or settings of the encoder
    # audio: copy              # copy, none, aac, opus
    # to:                      # paths of this server, and other servers
    #   - rtmp://live.example/app/\${STREAM_KEY}
`;
}

function flow(source: Target['source']): string {
  if (typeof source.url === 'string' && Object.keys(source).length === 1) return scalar(source.url);
  return `{ ${Object.entries(source)
    .map(([key, value]) => `${key}: ${scalar(value)}`)
    .join(', ')} }`;
}

/** JSON strings are YAML too. */
function scalar(value: string | number | boolean): string {
  return typeof value === 'string' && !/^[a-z/][\w./@-]*$/i.test(value)
    ? JSON.stringify(value)
    : String(value);
}
