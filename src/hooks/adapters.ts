/** Who answers for the frames, by the runner of the spec. */
import { hookEnv } from '../children/env.ts';
import { WORKER_MARK } from '../children/leftovers.ts';
import type { Adapter, AdapterHost } from './adapter.ts';
import { createHttpAdapter } from './http/http-adapter.ts';
import type { WorkerJob } from './job.ts';
import { Spawner } from './wire/distant-child.ts';
import { createProcessAdapter } from './wire/process-adapter.ts';

export type AdapterJob = Pick<WorkerJob, 'route' | 'hook' | 'dir' | 'prefix'>;

/** Makes an adapter for each life of the hook. To be called before libav opens a connection (wire/distant-child.ts). */
export function adaptersOf(job: AdapterJob): (host: AdapterHost) => Adapter {
  if (job.hook.runner.by === 'http') return (host) => createHttpAdapter(job, host);
  const spawner = new Spawner(job.prefix, { ...hookEnv(), [WORKER_MARK]: job.dir });
  return (host) => createProcessAdapter(job, host, spawner);
}
