/** What a hook and its worker say, told to the log and to who listens for events. */
import type { WorkerReport } from '../hooks/job.ts';
import type { Log } from '../observe/log.ts';
import type { GatewayEvent } from '../observe/state.ts';
import type { WorkerUnit } from '../plan/types.ts';

export interface Listeners {
  log: Log;
  onEvent(event: GatewayEvent): void;
}

export function tellReport(worker: WorkerUnit, report: WorkerReport, to: Listeners): void {
  const route = worker.routes[0]!;
  const at = Date.now();
  if (report.type === 'log') {
    to.log[report.level]({ route }, report.message);
  } else if (report.type === 'event') {
    // As many as the hook pleases: for who asks for them.
    to.log.debug({ route, data: report.data }, `event ${report.name}`);
    to.onEvent({ ...report, type: 'hook', at, route });
  } else if (report.type === 'meta') {
    to.onEvent({ ...report, at, route });
  }
}
