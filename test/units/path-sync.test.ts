/** Changes of a running server's paths, as its API gets them. */
import t from 'tap';
import { silentLog } from '../../src/observe/log.ts';
import type { PathSpec, Plan } from '../../src/plan/types.ts';
import { PathSync } from '../../src/units/path-sync.ts';
import { createRuntime, createSecrets } from '../../src/units/runtime.ts';
import { pathConfig } from '../../src/units/server-config.ts';
import type { RunningServer } from '../../src/units/server-unit.ts';
import { barsPath, planOf, serverSpec } from './support.ts';

const ring = (name: string) => ({ record: { ring: `/rec/${name}` } });

async function running(paths: PathSpec[], recording: string[] = []) {
  const plan = planOf(await serverSpec(), [], paths);
  const calls: unknown[][] = [];
  let refuses: boolean | string = false;
  const call =
    (verb: string) =>
    async (...args: unknown[]) => {
      calls.push([verb, ...args]);
      if (refuses === true || refuses === args[0]) throw new Error('not now');
    };
  const api = {
    replacePath: call('replace'),
    patchPath: call('patch'),
    deletePath: call('delete'),
    setUsers: call('users'),
  };
  const runtime = await createRuntime(plan, createSecrets());
  const on = new Set(recording);
  const sync = new PathSync(silentLog(), ({ name, record }) => (on.has(name) ? record?.ring : undefined));
  sync.attach({
    api,
    runtime,
    plan,
    rings: new Map(recording.map((name) => [name, `/rec/${name}`])),
  } as unknown as RunningServer);
  return {
    sync,
    on,
    plan,
    with: (next: PathSpec[]): Plan => ({ ...plan, paths: next }),
    calls: () => calls.splice(0),
    /** All, or one path. */
    refuse: (now: boolean | string) => {
      refuses = now;
    },
  };
}

t.test('recording is switched by a patch, once, and cuts nobody', async (t) => {
  const paths = [barsPath('a', ring('a')), barsPath('b')];
  const { sync, on, plan, calls } = await running(paths);
  await sync.apply(plan);
  t.strictSame(calls(), []);
  on.add('a');
  on.add('b');
  await sync.apply(plan);
  await sync.apply(plan);
  t.match(calls(), [
    ['patch', 'a', { record: true, recordPath: '/rec/a/%path/%s-%f', recordDeleteAfter: '0s' }],
  ]);
  on.clear();
  await sync.apply(plan);
  t.strictSame(calls(), [['patch', 'a', { record: false, forward: [] }]]);
});

t.test(
  'a server that records from its start is left alone, and told of what changed in the meantime',
  async (t) => {
    const paths = [barsPath('a', ring('a')), barsPath('b', ring('b'))];
    const { sync, on, plan, calls } = await running(paths, ['a', 'b']);
    await sync.apply(plan);
    t.strictSame(calls(), []);
    on.delete('b');
    await sync.apply(plan);
    t.match(calls(), [['patch', 'b', { record: false }]]);
  },
);

t.test('another folder, another remote, no recording any more: patches', async (t) => {
  const { sync, with: plan, calls } = await running([barsPath('a', ring('a'))], ['a']);
  await sync.apply(plan([barsPath('a', ring('z'))]));
  await sync.apply(plan([barsPath('a', { ...ring('z'), forward: ['rtsp://192.0.2.1/x'] })]));
  await sync.apply(plan([barsPath('a')]));
  t.match(calls(), [
    ['patch', 'a', { recordPath: '/rec/z/%path/%s-%f' }],
    ['patch', 'a', { record: true, forward: [{ dest: 'rtsp://192.0.2.1/x' }] }],
    ['patch', 'a', { record: false, forward: [] }],
  ]);
});

t.test('a new and a replaced path are recorded from the start', async (t) => {
  const { sync, on, with: plan, calls } = await running([barsPath('a', ring('a'))], ['a']);
  on.add('n');
  const next = [barsPath('a', { ...ring('a'), alwaysAvailable: null }), barsPath('n', ring('n'))];
  await sync.apply(plan(next));
  t.strictSame(calls(), [
    ['replace', 'a', pathConfig(next[0]!, { ring: next[0]!.record!.ring })],
    ['replace', 'n', pathConfig(next[1]!, { ring: next[1]!.record!.ring })],
  ]);
  await sync.restart(next[0]!, 3);
  await sync.apply(plan(next));
  t.strictSame(calls(), [['replace', 'a', pathConfig(next[0]!, { nonce: 3, ring: next[0]!.record!.ring })]]);
});

t.test('what the server did not take is tried again', async (t) => {
  const { sync, on, plan, calls, refuse } = await running([barsPath('a', ring('a'))]);
  on.add('a');
  refuse(true);
  await sync.apply(plan);
  refuse(false);
  await sync.apply(plan);
  t.equal(calls().length, 2);
  await sync.apply(plan);
  t.equal(calls().length, 0);
});

t.test('of several changes only those that the server did not take are tried again', async (t) => {
  const { sync, with: plan, calls, refuse } = await running([barsPath('a'), barsPath('b')]);
  const next = plan([barsPath('b', { alwaysAvailable: null }), barsPath('m'), barsPath('n')]);
  const told = () => calls().map(([verb, name]) => `${verb} ${name}`);
  refuse('n');
  await sync.apply(next);
  t.strictSame(told(), ['delete a', 'replace b', 'replace m', 'replace n']);
  refuse(false);
  await sync.apply(next);
  t.strictSame(told(), ['replace n'], 'which works whether it came half of the way or not');
  await sync.apply(next);
  t.strictSame(told(), []);
});
