/** `npm run soak [name …]`: what only shows after minutes. Each prints its figure and the limit. */
import { createServer } from 'node:net';
import { startMediaServer } from '../test/e2e/support/mediamtx.ts';
import { usageWithChildren } from '../test/e2e/support/proc.ts';
import { freePorts, type Scope } from '../test/e2e/support/process.ts';
import { startRelay } from '../test/e2e/support/relay.ts';
import { hookMemory } from './hook-memory.ts';
import { recordKill } from './record-kill.ts';
import { pause, type Row } from './report.ts';
import { runAll } from './run.ts';

const minutes = Number(process.env['RELAY_SOAK_MINUTES'] ?? 5);

/** A source that fails at once, again and again: its share of a core, all processes that were spent on it included. */
async function failing(s: Scope, how: string, url: string): Promise<Row[]> {
  const relay = await startRelay(s, { sources: { cam: url }, routes: { cam: 'cam' } }, { ready: false });
  const pid = relay.child().pid;
  await pause(minutes * 60, `a source that ${how}`);
  const share = (usageWithChildren(pid) / (minutes * 60)) * 100;
  const { restarts, lastExit } = await relay.unit('probe:cam');
  return [
    {
      what: `a source that ${how} for ${minutes} min (${restarts} tries; "${lastExit?.reason}")`,
      ours: `${share.toFixed(2)} % of a core, start of the gateway included`,
      goal: '≤ 2 %',
      ok: share <= 2,
    },
  ];
}

await runAll({
  'hook-memory': hookMemory,
  'record-kill': recordKill,
  refusing: async (s) => {
    const [port] = await freePorts(1);
    return failing(s, 'refuses', `rtsp://127.0.0.1:${port}/stream`);
  },
  'not-found': async (s) => failing(s, 'has no such stream', (await startMediaServer(s)).rtsp('nothing')),
  hanging: async (s) => {
    const mute = createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    s.defer(() => mute.close());
    const address = mute.address();
    return failing(
      s,
      'never answers',
      `rtsp://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/stream`,
    );
  },
});
