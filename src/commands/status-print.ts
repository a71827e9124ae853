/** A gateway's status as tables: units, hooks, recordings, paths. */
import type { GatewayStatus, PathStatus, UnitState, UnitStatus } from '../observe/state.ts';
import type { Io } from './io.ts';
import { age, short, table } from './table.ts';

export function printStatus(status: GatewayStatus, now: number, style: Io['style']): string {
  const head = `${status.file}  ${status.ready ? style('green', 'ready') : style('yellow', 'not ready')}  up ${age((now - status.startedAt) / 1000)}  relay ${status.version}  pid ${status.pid}`;
  return [
    head,
    ...(status.configError === undefined
      ? []
      : [style('red', `relay.yaml was refused, the old plan runs on:\n${status.configError}`)]),
    units(status.units, now, style),
    ...hooks(status.units, style),
    ...recordings(status.units, style),
    paths(status.paths, style),
  ].join('\n\n');
}

const colours: Record<UnitState, Parameters<Io['style']>[0]> = {
  idle: 'gray',
  starting: 'yellow',
  running: 'green',
  waiting: 'red',
  stopping: 'yellow',
  finished: 'gray',
};

function units(all: UnitStatus[], now: number, style: Io['style']): string {
  const rows = all.map(({ id, state, since, restarts, figures, lastExit, retryIn }) => [
    id,
    state,
    age((now - since) / 1000),
    String(restarts),
    figures.fps === undefined ? '' : figures.fps.toFixed(1),
    figures.speed === undefined ? '' : `${figures.speed.toFixed(2)}x`,
    figures.bitrate === undefined ? '' : short(figures.bitrate),
    [
      lastExit && oneLine(lastExit.reason),
      retryIn !== undefined && `next try in ${(retryIn / 1000).toFixed(1)} s`,
    ]
      .filter(Boolean)
      .join(', '),
  ]);
  const text = table([['UNIT', 'STATE', 'SINCE', 'RESTARTS', 'FPS', 'SPEED', 'BIT/S', 'LAST END'], ...rows]);
  return coloured(
    text,
    all.map(({ state }) => [state, colours[state]]),
    style,
  );
}

/** One line a hooked route; nothing where there is none. */
function hooks(all: UnitStatus[], style: Io['style']): string[] {
  const workers = all.flatMap(({ routes, figures }) =>
    figures.hook ? [{ routes, hook: figures.hook }] : [],
  );
  if (workers.length === 0) return [];
  const both = ({ p50, p99 }: { p50: number; p99: number }) => `${p50.toFixed(1)} / ${p99.toFixed(1)}`;
  const rows = workers.map(({ routes, hook }) => [
    routes.join(', '),
    hook.state,
    ...[hook.in, hook.out, hook.dropped, hook.errors].map(String),
    ...[hook.phases.decode, hook.phases.convert, hook.phases.hook, hook.phases.encode].map(both),
    both(hook.queueAge),
    `${hook.avOffset.toFixed(1)} ms`,
    hook.lastError === undefined ? '' : oneLine(hook.lastError),
  ]);
  const head = ['HOOK', 'STATE', 'IN', 'OUT', 'DROPPED', 'ERRORS'];
  const phases = ['DECODE ms p50 / p99', 'CONVERT', 'HOOK', 'ENCODE', 'AGE', 'A/V', 'LAST ERROR'];
  const colour = { starting: 'yellow', ready: 'green', failing: 'red' } as const;
  return [
    coloured(
      table([[...head, ...phases], ...rows]),
      workers.map(({ hook }) => [hook.state, colour[hook.state]]),
      style,
    ),
  ];
}

/** One line a recorded route; nothing where there is none. */
function recordings(all: UnitStatus[], style: Io['style']): string[] {
  const routes = all.flatMap(({ figures }) => Object.entries(figures.recorder ?? {}));
  if (routes.length === 0) return [];
  const state = ({ recording }: { recording: boolean }) => (recording ? 'recording' : 'off');
  const rows = routes.map(([route, figures]) => [
    route,
    state(figures),
    ...[figures.segments, figures.clips, figures.gaps].map(String),
    short(figures.bytes),
    figures.free < Number.MAX_SAFE_INTEGER ? short(figures.free) : '-',
    figures.reason === undefined ? '' : oneLine(figures.reason),
  ]);
  return [
    coloured(
      table([['RECORDED', 'STATE', 'SEGMENTS', 'CLIPS', 'GAPS', 'ON DISK', 'FREE', 'WHY NOT'], ...rows]),
      routes.map(([, figures]) => [state(figures), figures.recording ? 'green' : 'red']),
      style,
    ),
  ];
}

function paths(all: PathStatus[], style: Io['style']): string {
  const rows = all.map(({ name, online, tracks, readers, bytesIn, bytesOut, forward }) => [
    name,
    online ? 'online' : 'offline',
    tracks.join(', '),
    String(readers),
    short(bytesIn),
    short(bytesOut),
    forward.map(({ to, state, error }) => `${to} ${state}${error ? ` (${oneLine(error)})` : ''}`).join(', '),
  ]);
  const text = table([['PATH', 'STATE', 'TRACKS', 'READERS', 'IN', 'OUT', 'COPIED TO'], ...rows]);
  return coloured(
    text,
    all.map(({ online }) => (online ? ['online', 'green'] : ['offline', 'red'])),
    style,
  );
}

/** Colours come after the columns are laid out: escape sequences have no width. */
function coloured(text: string, states: [string, Parameters<Io['style']>[0]][], style: Io['style']): string {
  const [head = '', ...rows] = text.split('\n');
  const lines = rows.map((row, at) => {
    const [state, colour] = states[at]!;
    return row.replace(`  ${state} `, `  ${style(colour, state)} `);
  });
  return [style('bold', head), ...lines].join('\n');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 120);
}
