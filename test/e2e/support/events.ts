/** What a gateway tells by its event stream. */
import type { GatewayEvent } from '../../../src/observe/state.ts';
import type { Scope } from './process.ts';
import type { Relay } from './relay.ts';

/** Collects from now on. */
export async function collectEvents(s: Scope, relay: Relay): Promise<GatewayEvent[]> {
  const events: GatewayEvent[] = [];
  const abort = new AbortController();
  const response = await fetch(`http://127.0.0.1:${relay.ports.api}/v1/events`, { signal: abort.signal });
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body!) {
      const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.startsWith('data: ')) events.push(JSON.parse(line.slice(6)) as GatewayEvent);
      }
    }
  };
  const reading = read().catch(() => {});
  s.defer(async () => {
    abort.abort();
    await reading;
  });
  return events;
}
