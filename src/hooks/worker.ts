/** The worker: one hooked route, libav in a process of its own. Started by the gateway with its job on standard input. */
import { adaptersOf } from './adapters.ts';
import { drawOverlay } from './draw/overlay.ts';
import { serve } from './serve.ts';
import { createStage } from './stage/stage.ts';

/** Milliseconds between two collections of garbage, which nothing else would ask for (units/worker-unit.ts). */
const COLLECT = 20_000;

setInterval(() => globalThis.gc?.(), COLLECT).unref();

serve((job, report) => {
  const adapter = adaptersOf(job);
  return {
    stage: (emit) => createStage({ spec: job.hook, adapter, emit, report, now: () => performance.now() }),
    draw: drawOverlay,
  };
});
