/** Commands that ask a running gateway: status, reload, event. */
import t, { type Test } from 'tap';
import { RelayError } from '../../src/errors.ts';
import { start } from '../api/support.ts';
import { built, relay } from '../support/relay.ts';

t.before(built);
const dir = t.testdir();

async function gatewayAt(t: Test) {
  const running = await start(t);
  const api = ['--api', `127.0.0.1:${running.port}`];
  return { ...running, call: (...args: string[]) => relay(t, [...args, ...api], { cwd: dir }) };
}

t.test('status', async (t) => {
  const { call } = await gatewayAt(t);
  const { code, out } = await call('status');
  t.equal(code, 0);
  t.match(out, /^\/srv\/relay\.yaml {2}ready {2}up \d+d\d\dh {2}relay 0\.1\.0/);
  t.match(out, /^lobby\/video {2}running .* 25\.0 {2}1\.00x +connection refused by 192\.0\.2\.10:554$/m);
  t.match(out, /^lobby +online +H264 +1 /m);
  t.match(JSON.parse((await call('status', '--json')).out), { ready: true, units: [{ id: 'lobby/video' }] });
});

t.test('status of what is recorded', async (t) => {
  const { call, gateway } = await gatewayAt(t);
  const figures = { segments: 12, clips: 3, gaps: 1, bytes: 4_300_000_000, free: 9e10, recording: true };
  const off = { ...figures, recording: false, reason: 'less than 1 GiB\nis free' };
  const unit = gateway.now.status.units[0]!;
  const recorder = { lobby: figures, 'yard/marked': off };
  gateway.now.status = { ...gateway.now.status, units: [{ ...unit, figures: { recorder } }] };
  const { out } = await call('status');
  t.match(out, /^RECORDED +STATE +SEGMENTS +CLIPS +GAPS +ON DISK +FREE +WHY NOT$/m);
  t.match(out, /^lobby +recording +12 +3 +1 +4\.3G +90\.0G$/m);
  t.match(out, /^yard\/marked +off +12 +3 +1 +4\.3G +90\.0G +less than 1 GiB is free$/m);
});

t.test('reload', async (t) => {
  const { call, gateway } = await gatewayAt(t);
  t.match(await call('reload'), { code: 0, out: 'reloaded: lobby\n' });
  t.match(JSON.parse((await call('reload', '--json')).out), { changed: ['lobby'] });
  gateway.now.reload = async () => ({ changed: [] });
  t.match(await call('reload'), { code: 0, out: 'reloaded: nothing changed\n' });
  gateway.now.reload = () =>
    Promise.reject(new RelayError('RELAY_CONFIG_INVALID', 'relay.yaml:3:5 error: no'));
  t.match(await call('reload'), { code: 78, out: '', err: /relay\.yaml:3:5 error: no/ });
});

t.test('event', async (t) => {
  const { call, gateway } = await gatewayAt(t);
  t.match(await call('event', 'lobby/marked', 'door', '--data', '{"open":[1]}'), {
    code: 0,
    out: 'door on lobby/marked at 2023-11-14T22:13:20.123Z\n',
  });
  t.match(JSON.parse((await call('event', 'lobby/marked', 'bell', '--json')).out), { at: 1_700_000_000_123 });
  t.strictSame(gateway.told, [
    ['lobby/marked', 'door', { open: [1] }],
    ['lobby/marked', 'bell', undefined],
  ]);
  t.match(await call('event', 'lobby/marked', 'dog'), {
    code: 0,
    err: 'no clips of lobby/marked want dog (they want: door, bell)\n',
  });
  t.match(await call('event', 'yard', 'door'), {
    code: 1,
    out: '',
    err: /there is no route yard\n.*relay status shows/,
  });
  t.match(await call('event', 'lobby/marked', 'a b'), { code: 1, err: /the name of an event/ });
  t.match(await call('event', 'lobby/marked', 'door', '--data', 'open'), {
    code: 2,
    err: /--data is no JSON/,
  });
  t.match(await call('event', 'lobby/marked'), { code: 2 });
});

t.test('no gateway', async (t) => {
  const { port, close } = await start(t);
  await close();
  for (const command of [['status'], ['reload'], ['event', 'lobby', 'door']]) {
    const { code, out, err } = await relay(t, [...command, '--api', `127.0.0.1:${port}`], { cwd: dir });
    t.equal(code, 3);
    t.equal(out, '');
    t.match(err, /no gateway answers at http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED.*\n.*relay run/);
  }
});

t.test('the address comes from relay.yaml', async (t) => {
  const { port } = await start(t);
  const text = `api: { listen: "127.0.0.1:${port}" }\nsources: { bars: { test: bars } }\nroutes: { bars: { from: bars } }\n`;
  const here = t.testdir({ 'relay.yaml': text });
  t.match(await relay(t, ['status'], { cwd: here }), { code: 0, out: /lobby/ });
});

t.test('a broken relay.yaml still tells the address', async (t) => {
  const { port } = await start(t);
  const api = `api: { listen: "127.0.0.1:${port}" }\n`;
  const here = t.testdir({
    'relay.yaml': `${api}sources: { bars: { test: bars } }\nroutes: { bars: { from: nobody, splitt: 1 } }\n`,
  });
  for (const command of [['status'], ['reload'], ['event', 'lobby/marked', 'door']]) {
    t.match(await relay(t, command, { cwd: here }), { code: 0, err: '' });
  }
});

t.test('where it does not, the default is tried, and it says why', async (t) => {
  for (const text of ['api: { listen: "127.0.0.1:1\nroutes: [', 'api: { listen: no }\nroutes: {}\n']) {
    const here = t.testdir({ 'relay.yaml': text });
    const { err } = await relay(t, ['status'], { cwd: here });
    t.match(err, /^relay\.yaml has errors, so the default address \S+ is tried:\nrelay\.yaml:\d+:\d+ error /);
  }
});
