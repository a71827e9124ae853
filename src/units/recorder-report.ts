/** What the recorder says, told to the log and to who listens for events. */
import type { Log } from '../observe/log.ts';
import type { GatewayEvent } from '../observe/state.ts';
import type { RecorderUnit } from '../plan/types.ts';
import type { RecorderReport } from '../record/types.ts';

export interface Listeners {
  log: Log;
  onEvent(event: GatewayEvent): void;
}

export function tellRecorder(recorder: RecorderUnit, report: RecorderReport, to: Listeners): void {
  const at = Date.now();
  const route = 'route' in report ? report.route : routeOf(recorder, report);
  const log = (level: 'info' | 'warn' | 'error', message: string) =>
    to.log[level](route === undefined ? {} : { route }, message);
  switch (report.type) {
    case 'log':
      log(report.level, report.message);
      break;
    case 'record':
      if (!report.on) log('warn', `nothing is recorded: ${report.reason}`);
      to.onEvent({
        type: 'recording',
        at,
        path: report.path,
        on: report.on,
        ...(!report.on && { reason: report.reason }),
      });
      break;
    case 'gap':
      log('warn', `nothing was recorded for ${(report.to - report.from).toFixed(2)} s: ${report.reason}`);
      to.onEvent({ ...report, at });
      break;
    case 'clip':
      log('info', `clip of ${report.event}: ${report.path}`);
      to.onEvent({ ...report, at });
      break;
    case 'segment':
    case 'removed':
      to.onEvent({ ...report, at });
  }
}

function routeOf(recorder: RecorderUnit, report: RecorderReport): string | undefined {
  return report.type === 'record'
    ? recorder.paths.find(({ path }) => path === report.path)?.route
    : undefined;
}
