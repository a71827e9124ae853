/** No process outlives a gateway that is SIGKILLed, by the kernel's help and without it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { alive, barsPath, barsUnit, fixture, planOf, serverSpec, until } from './support.ts';

t.setTimeout(120_000);

for (const kind of ['kernel', 'reaper']) {
  t.test(kind, { skip: kind === 'kernel' && process.platform !== 'linux' }, async (t) => {
    const plan = planOf(await serverSpec(), [barsUnit('one')], [barsPath('one')]);
    const args = [...process.execArgv, fixture('supervise.ts'), JSON.stringify(plan), kind];
    const gateway = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => gateway.kill('SIGKILL'));
    const [line] = (await once(gateway.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    t.equal(pids.length, 2);
    t.ok(pids.every(alive));
    const at = performance.now();
    gateway.kill('SIGKILL');
    await until('all are gone', () => !pids.some(alive));
    t.ok(performance.now() - at < 1000, `${Math.round(performance.now() - at)} ms`);
  });
}
