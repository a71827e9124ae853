/** The start of the media server: a unit that goes on trying, and a promise for whoever waits for its first answer. */
import { RelayError } from '../errors.ts';
import type { ExitCause, UnitState } from '../observe/state.ts';
import type { Plan } from '../plan/types.ts';
import { ServerBehaviour, type ServerHost } from './server-unit.ts';
import { Unit, type UnitHost } from './unit.ts';

export interface ServerStart {
  /** What is to be served. */
  plan: Plan;
  host: ServerHost;
  unitHost: UnitHost;
  changed(unit: Unit, state: UnitState, why: ExitCause | undefined): void;
  /** Nobody waits any more. */
  signal: AbortSignal;
}

export interface StartedServer {
  unit: Unit;
  behaviour: ServerBehaviour;
  /** Resolves when it answers; rejects when it will not, or when nobody waits for it any more. */
  answers: Promise<void>;
}

/** A server that ends this often before it ever answered will not do better. */
const FIRST_STARTS = 3;

export function startServer({ plan, host, unitHost, changed, signal }: ServerStart): StartedServer {
  const stopping = (): RelayError => new RelayError('RELAY_STATE', 'the supervisor is stopping');
  if (signal.aborted) throw stopping();
  if (plan.server.driver === 'mediamtx' && host.binary === undefined)
    throw new RelayError('RELAY_BINARY_MISSING', 'MediaMTX is not installed');
  let ends = 0;
  let settle: { resolve(): void; reject(error: unknown): void };
  const answers = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const abort = (): void => settle.reject(stopping());
  signal.addEventListener('abort', abort, { once: true });
  let waiting = true;
  const settled = (): void => {
    waiting = false;
    signal.removeEventListener('abort', abort);
  };
  answers.then(settled, settled);
  const behaviour = new ServerBehaviour({
    ...host,
    up: (server) => {
      host.up(server);
      settle.resolve();
    },
  });
  const unit = new Unit(behaviour, {
    ...unitHost,
    changed: (one, state, why) => {
      changed(one, state, why);
      if (!waiting || state !== 'waiting') return;
      if (behaviour.portBusy !== undefined) settle.reject(behaviour.portBusy);
      else if (++ends >= FIRST_STARTS) {
        const message = `the media server does not start: ${why?.reason}`;
        const hint = 'relay doctor looks for what is wrong';
        settle.reject(new RelayError('RELAY_UNIT_FAILED', message, { hint }));
      }
    },
  });
  unit.start();
  return { unit, behaviour, answers };
}
