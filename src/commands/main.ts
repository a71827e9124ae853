/** Turns a command line into a call of one command, and whatever it throws into a message and an exit code. */
import yargs, { type Argv } from 'yargs';
import { closest } from '../config/closest.ts';
import { RelayError } from '../errors.ts';
import { version } from '../version.ts';
import { createIo, type Io } from './io.ts';

interface Named {
  /** Name and positionals, as yargs writes them. */
  usage: string;
  summary: string;
}

interface Single extends Named {
  /** Called only when this command runs or its help is asked for. */
  load: () => Promise<{ command: LoadedCommand }>;
}

/** Commands below a word. */
interface Group extends Named {
  entries: Single[];
  examples: [string, string][];
}

export type Entry = Single | Group;

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
  const add = (to: Argv, entry: Single): Argv =>
    to.command(
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
  for (const entry of entries) {
    if ('load' in entry) add(parser, entry);
    else {
      parser.command(entry.usage, entry.summary, (group) => {
        for (const one of entry.entries) add(group, one);
        const names = entry.entries.map(({ usage }) => nameOf(usage)).join(' or ');
        return group
          .example(entry.examples)
          .demandCommand(1, `relay ${entry.usage} needs a word more: ${names}`);
      });
    }
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
function refuseTwice({ usage }: Single, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (name === '_' || name === '--' || !Array.isArray(value) || usage.includes(`${name}..`)) continue;
    throw new RelayError('RELAY_USAGE', `--${name} was given twice`);
  }
}

function report(error: unknown, io: Io): number {
  if (error instanceof RelayError) {
    // Errors of a file begin with their place, each line alike.
    io.say(/^.+:\d+:\d+ error /.test(error.message) ? error.message : `relay: ${error.message}`);
    if (error.hint) io.say(`       ${error.hint}`);
    return error.exitCode;
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EMFILE' || code === 'ENFILE') {
    io.say('relay: this process may not open more files');
    io.say('       raise the limit, e.g. ulimit -n 4096, or LimitNOFILE= of a systemd unit');
    return 69;
  }
  if (error instanceof Error && 'syscall' in error && typeof code === 'string') {
    io.say(`relay: ${error.message}`);
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      const disk = 'make room on that disk, or write to another';
      const watches = 'raise fs.inotify.max_user_watches (sysctl)';
      io.say(`       ${error.syscall === 'watch' ? watches : disk}`);
    }
    return 1;
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
  const names = entries.map((entry) => nameOf(entry.usage));
  const [command, next] = argv.filter((word) => !word.startsWith('-'));
  const group = entries.find((entry) => nameOf(entry.usage) === command && 'entries' in entry);
  const below = group && 'entries' in group ? group.entries.map(({ usage }) => nameOf(usage)) : [];
  const words = next !== undefined && below.includes(next) ? `${command} ${next}` : command;
  const help = command && names.includes(command) ? `relay ${words} --help` : 'relay --help';
  if (command && !names.includes(command)) {
    return failed(`there is no command ${command}`, closest(command, names));
  }
  if (group && next !== undefined && !below.includes(next)) {
    return failed(`there is no command ${command} ${next}`, closest(next, below));
  }
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1]?.split(', ');
  if (!unknown) return failed(message.replaceAll(/:?\s*\n\s*/g, ': '));
  // yargs names `--some-word` a second time as someWord.
  const first = unknown.filter((word, at) => !unknown.slice(0, at).some((other) => camel(other) === word));
  const typed = first.map(
    (word) => argv.find((arg) => arg.replace(/^-+/, '').split('=')[0] === word) ?? word,
  );
  const similar = closest(first[0]!, options);
  return failed(`unknown: ${typed.join(', ')}`, similar && `--${similar}`);

  function failed(text: string, similar?: string): RelayError {
    return new RelayError('RELAY_USAGE', similar ? `${text}; did you mean ${similar}?` : text, {
      hint: `${help} shows what there is`,
    });
  }
}

function nameOf(usage: string): string {
  return usage.split(' ')[0]!;
}

function camel(text: string): string {
  return text.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
