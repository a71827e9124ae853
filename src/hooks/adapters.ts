/** Who answers for the frames, by the runner of the spec. */
import type { Adapter, AdapterHost } from './adapter.ts';
import { createHttpAdapter } from './http/http-adapter.ts';
import type { WorkerJob } from './job.ts';
import type { HookRunner } from './spec.ts';
import { createProcessAdapter } from './wire/process-adapter.ts';

export type AdapterJob = Pick<WorkerJob, 'route' | 'hook' | 'dir' | 'prefix'>;

const adapters: Record<HookRunner['by'], (job: AdapterJob, host: AdapterHost) => Adapter> = {
  module: createProcessAdapter,
  builtin: createProcessAdapter,
  command: createProcessAdapter,
  http: createHttpAdapter,
};

export const createAdapter = (job: AdapterJob, host: AdapterHost): Adapter =>
  adapters[job.hook.runner.by](job, host);
