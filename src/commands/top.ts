import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, RelayError } from '../errors.ts';
import type { GatewayStatus } from '../observe/state.ts';
import { apiAddress, apiOption, callApi } from './client.ts';
import { defineCommand } from './command.ts';
import type { Io } from './io.ts';
import { printStatus } from './status-print.ts';

const EVERY_MS = 1000;
const [ENTER, LEAVE, REDRAW] = ['\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l', '\x1b[H\x1b[2J'];

export const command = defineCommand({
  builder: (yargs) => apiOption(yargs).example('$0 top', 'redrawn each second; q or Ctrl-C quits'),

  async handler({ api }, io) {
    if (!process.stdout.isTTY) {
      throw new RelayError('RELAY_USAGE', 'top needs a terminal', {
        hint: 'relay status prints the same once',
      });
    }
    const address = await apiAddress(api, io);
    await callApi(address, '/v1/health/live');
    const quit = new AbortController();
    const release = onQuit(() => quit.abort());
    process.stdout.write(ENTER);
    try {
      while (!quit.signal.aborted) {
        process.stdout.write(REDRAW);
        io.out(await draw(address, io));
        await sleep(EVERY_MS, undefined, { signal: quit.signal }).catch(() => {});
      }
    } finally {
      process.stdout.write(LEAVE);
      release();
    }
  },
});

/** A gateway that is restarted comes back: its absence is drawn, not an end. */
async function draw(address: string, io: Io): Promise<string> {
  const rows = (process.stdout.rows ?? 24) - 1;
  const columns = process.stdout.columns || 80;
  let text: string;
  try {
    text = printStatus((await callApi(address, '/v1/status')) as GatewayStatus, Date.now(), io.style);
  } catch (error) {
    text = messageOf(error);
  }
  return text
    .split('\n')
    .slice(0, rows)
    .map((line) => cut(line, columns))
    .join('\n');
}

/** Cuts what is seen, not the escape sequences. */
function cut(line: string, columns: number): string {
  let seen = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC begins a colour
  return line.replaceAll(/\x1b\[[0-9;]*m|./gu, (part) =>
    part.startsWith('\x1b') || ++seen <= columns ? part : '',
  );
}

function onQuit(quit: () => void): () => void {
  const { stdin } = process;
  const key = (bytes: Buffer) => {
    if (['q', 'Q', '\x03', '\x1b'].includes(bytes.toString())) quit();
  };
  if (stdin.isTTY) stdin.setRawMode(true).on('data', key).resume();
  process.once('SIGINT', quit).once('SIGTERM', quit);
  return () => {
    if (stdin.isTTY) stdin.setRawMode(false).off('data', key).pause();
    process.off('SIGINT', quit).off('SIGTERM', quit);
  };
}
