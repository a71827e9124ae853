/** The running product: load → plan → supervise → observe; reload; stop. */
import type { GatewayEvent, GatewayStatus } from './observe/state.ts';
import type { Plan } from './plan/types.ts';

/** What the API and commands may ask of a running gateway. */
export interface RunningGateway {
  status(): GatewayStatus;
  plan(): Plan;
  /** Reads relay.yaml again. On a bad file nothing changes and the RelayError holds the diagnostics. */
  reload(): Promise<{ changed: string[] }>;
  subscribe(listener: (event: GatewayEvent) => void): () => void;
  stop(): Promise<void>;
}
