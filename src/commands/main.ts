/** Turns a command line into a call of one command, and whatever it throws into a message and an exit code. */
import yargs, { type Argv } from 'yargs';
import { closest } from '../config/closest.ts';
import { RelayError } from '../errors.ts';
import { version } from '../version.ts';
import { createIo, type Io } from './io.ts';

export interface Entry {
  /** Name and positionals, as yargs writes them. */
  usage: string;
  summary: string;
  /** Called only when this command runs or its help is asked for. */
  load: () => Promise<{ command: LoadedCommand }>;
}

interface LoadedCommand {
  builder?: unknown;
  handler: (options: never, io: Io) => unknown;
}

export async function main(argv: string[], entries: Entry[]): Promise<number> {
  const io = createIo();
  let exitCode = 0;
  const parser = yargs(argv)
    .scriptName('relay')
    .usage('$0 <command>\n\nKeeps live streams running: files, cameras, desktops → RTSP, RTMP, HLS, WebRTC.')
    .version(version)
    .alias({ h: 'help', v: 'version' })
    .exitProcess(false)
    .strict()
    .demandCommand(1)
    .wrap(Math.min(110, process.stdout.columns ?? 100))
    .example('$0 push clip.mp4 --loop', 'play a file into rtsp://127.0.0.1:8554/clip')
    .example('$0 init rtsp://192.0.2.10/stream1', 'write a relay.yaml for a camera')
    .example('$0 run --watch', 'run it, and follow changes of the file')
    .epilogue(
      'relay <command> --help shows the options of one command.\n' +
        'Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 no gateway answers, 69 a program or port is missing, 78 bad relay.yaml.',
    )
    .fail((message, error) => {
      throw error ?? usageError(message, argv, entries, optionsOf(parser));
    });
  for (const entry of entries) {
    parser.command(
      entry.usage,
      entry.summary,
      async (commandLine) => {
        const { builder } = (await entry.load()).command;
        return typeof builder === 'function' ? builder(commandLine) : commandLine;
      },
      async (options) => {
        refuseTwice(entry, options);
        const { command } = await entry.load();
        const code = await command.handler(options as never, io);
        if (typeof code === 'number') exitCode = code;
        else if (typeof process.exitCode === 'number') exitCode = process.exitCode;
      },
    );
  }
  try {
    if (argv.length === 0) {
      io.say(await parser.getHelp());
      return 2;
    }
    await parser.parseAsync();
    return exitCode;
  } catch (error) {
    return report(error, io);
  }
}

/** yargs makes a list of an option that is given twice: no command means that. */
function refuseTwice({ usage }: Entry, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (name === '_' || !Array.isArray(value) || usage.includes(`${name}..`)) continue;
    throw new RelayError('RELAY_USAGE', `--${name} was given twice`);
  }
}

function report(error: unknown, io: Io): number {
  if (error instanceof RelayError) {
    io.say(`relay: ${error.message}`);
    if (error.hint) io.say(`       ${error.hint}`);
    return error.exitCode;
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EMFILE' || code === 'ENFILE') {
    io.say('relay: this process may not open more files');
    io.say('       raise the limit, e.g. ulimit -n 4096, or LimitNOFILE= of a systemd unit');
    return 69;
  }
  io.say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

/** yargs has no public list of the options of the command that it is about to run. */
function optionsOf(parser: Argv): string[] {
  const { key } = (parser as unknown as { getOptions(): { key: Record<string, unknown> } }).getOptions();
  return Object.keys(key);
}

function usageError(message: string, argv: string[], entries: Entry[], options: string[]): RelayError {
  const names = entries.map((entry) => entry.usage.split(' ')[0]!);
  const command = argv.find((word) => !word.startsWith('-'));
  const help = command && names.includes(command) ? `relay ${command} --help` : 'relay --help';
  if (command && !names.includes(command)) {
    return failed(`there is no command ${command}`, closest(command, names));
  }
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ');
  if (!unknown) return failed(message.replaceAll(/:?\s*\n\s*/g, ': '));
  // yargs names `--some-word` a second time as someWord.
  const words = unknown.filter((word, at) => !unknown.slice(0, at).some((other) => camel(other) === word));
  const typed = words.map(
    (word) => argv.find((arg) => arg.replace(/^-+/, '').split('=')[0] === word) ?? word,
  );
  const similar = closest(words[0]!, options);
  return failed(`unknown: ${typed.join(', ')}`, similar && `--${similar}`);

  function failed(text: string, similar?: string): RelayError {
    return new RelayError('RELAY_USAGE', similar ? `${text}; did you mean ${similar}?` : text, {
      hint: `${help} shows what there is`,
    });
  }
}

function camel(text: string): string {
  return text.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
