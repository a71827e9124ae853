/** Runs a gateway in the foreground: signals, addresses, the end. */
import type { Argv } from 'yargs';
import type { RunningGateway } from '../gateway.ts';
import { createLog, type Log } from '../observe/log.ts';
import { addresses, printAddresses } from './addresses.ts';
import type { Io } from './io.ts';

const formats = ['pretty', 'json'] as const;
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
type Format = (typeof formats)[number];
type Level = (typeof levels)[number];

export function logOptions<T>(yargs: Argv<T>): Argv<T & { log: Format; level: Level }> {
  return yargs
    .option('log', {
      choices: formats,
      default: process.stderr.isTTY ? ('pretty' as const) : ('json' as const),
      defaultDescription: 'pretty on a terminal, json otherwise',
      describe: 'Form of the log on stderr',
    })
    .option('level', {
      choices: levels,
      default: 'info' as const,
      describe: 'Least important lines that are shown',
    });
}

export function openLog(format: Format, level: Level, io: Io): Promise<Log> {
  return createLog({ format, level, stream: process.stderr, redact: io.redact });
}

/**
 * Starts a gateway, prints its addresses and waits for a signal, or for `until`.
 * @returns the exit code
 */
export async function serve(
  io: Io,
  format: Format,
  start: (signal: AbortSignal) => Promise<RunningGateway>,
  until?: (gateway: RunningGateway) => Promise<void>,
): Promise<number> {
  const stop = new AbortController();
  const onStop = () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort();
  };
  let gateway: RunningGateway | undefined;
  let early = false;
  // The gateway logs why a file was refused.
  const onReload = () => {
    early = gateway === undefined;
    void gateway?.reload().catch(() => {});
  };
  const signals = { SIGINT: onStop, SIGTERM: onStop, SIGHUP: onReload };
  for (const [signal, listener] of Object.entries(signals)) process.on(signal, listener);
  try {
    gateway = await start(stop.signal).catch((error: unknown) => {
      // It was told to.
      if (!stop.signal.aborted) throw error;
      return undefined;
    });
    if (gateway && !stop.signal.aborted) {
      if (early) onReload();
      show(gateway, io, format);
      await Promise.race([aborted(stop.signal), ...(until ? [until(gateway)] : [])]);
    }
    return 0;
  } finally {
    await gateway?.stop();
    for (const [signal, listener] of Object.entries(signals)) process.off(signal, listener);
  }
}

function show(gateway: RunningGateway, io: Io, format: Format): void {
  const list = addresses(gateway.plan());
  io.out(format === 'json' ? JSON.stringify({ addresses: list }) : printAddresses(list, io.style));
  if (format === 'pretty') io.say('Ctrl-C stops; relay status and relay top show what runs');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
