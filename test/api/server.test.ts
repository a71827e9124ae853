import { createServer } from 'node:net';
import t from 'tap';
import { startApi } from '../../src/api/server.ts';
import { RelayError } from '../../src/errors.ts';
import { createRedactor } from '../../src/observe/redact.ts';
import { call, fakeGateway, password, raw, start, status, until } from './support.ts';

t.test('health', async (t) => {
  const { port, gateway } = await start(t);
  t.match(await call(port, '/v1/health/live'), { status: 200, json: { live: true } });
  t.match(await call(port, '/v1/health/ready'), { status: 200, json: { ready: true } });
  gateway.now.status = { ...status, ready: false };
  t.match(await call(port, '/v1/health/ready'), { status: 503, json: { ready: false } });
  t.match(await call(port, '/v1/health/live'), { status: 200 }, 'not ready is not dead');
});

t.test('state: status, units, paths, plan', async (t) => {
  const { port } = await start(t);
  t.match((await call(port, '/v1/status')).json, { file: '/srv/relay.yaml', units: [{ id: 'lobby/video' }] });
  t.match((await call(port, '/v1/units')).json, [{ id: 'lobby/video', state: 'running', restarts: 1 }]);
  t.match((await call(port, '/v1/units/lobby%2Fvideo')).json, { id: 'lobby/video' });
  t.match((await call(port, '/v1/paths')).json, [{ name: 'lobby', online: true }]);
  t.match((await call(port, '/v1/plan')).json, { version: 1, units: [{ id: 'lobby/video' }] });
});

t.test('events of a route, whose name may hold /', async (t) => {
  const { port, gateway } = await start(t);
  const json = { 'content-type': 'application/json' };
  const post = (path: string, body: unknown) =>
    call(port, path, { method: 'POST', headers: json, body: JSON.stringify(body) });
  const lobby = '/v1/routes/lobby/marked/events';
  t.match(await post(lobby, { name: 'door', data: { open: true } }), {
    status: 202,
    json: { at: 1_700_000_000_123, clips: 1, wanted: ['door', 'bell'] },
  });
  t.match(await post('/v1/routes/lobby%2Fmarked/events', { name: 'A_b.c-9' }), { status: 202 });
  t.match(await post(lobby, { name: 'x', data: 'y'.repeat(16_000) }), { status: 202 });
  t.match(gateway.told, [
    ['lobby/marked', 'door', { open: true }],
    ['lobby/marked', 'A_b.c-9', undefined],
    ['lobby/marked', 'x', /^y+$/],
  ]);
  t.match(await post('/v1/routes/yard/events', { name: 'door' }), {
    status: 404,
    json: { code: 'RELAY_NOT_FOUND', message: 'there is no route yard' },
  });
  const refused = [
    [{}, 'the name of an event'],
    [{ name: 'a b' }, 'the name of an event'],
    [{ name: 'x'.repeat(65) }, 'the name of an event'],
    [{ name: 'a', at: 3 }, 'an event has no "at"'],
    [{ name: 'a', data: 'y'.repeat(17_000) }, 'at most 16 kB'],
    [[], 'is a JSON object'],
    ['door', 'is a JSON object'],
  ] as const;
  for (const [body, message] of refused) {
    t.match(await post(lobby, body), {
      status: 400,
      json: { code: 'RELAY_REQUEST', message: new RegExp(message) },
    });
  }
  t.match(await call(port, lobby, { method: 'POST' }), { status: 400 }, 'no body');
  t.match(await post('/v1/routes/lobby/marked', { name: 'door' }), { status: 404 });
  t.match(await post('/v1/routes/events', { name: 'door' }), { status: 404 });
  t.equal(gateway.told.length, 3);
});

t.test('no password leaves, however it is spelled', async (t) => {
  const { port } = await start(t);
  for (const path of ['/v1/status', '/v1/units', '/v1/units/lobby%2Fvideo', '/v1/plan']) {
    const { text, status } = await call(port, path);
    t.equal(status, 200, path);
    t.match(text, '***', path);
    t.notMatch(text, 'hunter', path);
  }
});

t.test('errors have one shape', async (t) => {
  const { port, gateway, errors } = await start(t);
  const unknown = await call(port, '/v1/nothing');
  t.match(unknown, {
    status: 404,
    json: { code: 'RELAY_NOT_FOUND', message: /GET \/v1\/nothing/, hint: String },
  });
  t.match(await call(port, '/v1/units/none'), {
    status: 404,
    json: { code: 'RELAY_NOT_FOUND', message: /none/ },
  });
  t.match(await call(port, `/v1/units/${'x'.repeat(2000)}`), { status: 414 });
  t.match(await call(port, '/v1/units/%E0%A4%A'), { status: 400, json: { code: 'RELAY_REQUEST' } });
  t.equal(errors.length, 0);
  gateway.now.reload = () => Promise.reject(new Error(`broken: ${password}`));
  const failed = await call(port, '/v1/reload', { method: 'POST' });
  t.match(failed, { status: 500, json: { code: 'RELAY_STATE' } });
  t.notMatch(failed.text, 'broken', 'the inside stays inside');
  t.match(errors, [{ err: { message: /broken/ } }], 'the log has it');
});

t.test('reload', async (t) => {
  const { port, gateway } = await start(t);
  const post = (call_ = {}) => call(port, '/v1/reload', { method: 'POST', ...call_ });
  const json = { 'content-type': 'application/json' };
  t.match(await post(), { status: 202, json: { changed: ['lobby'] } });
  t.match(await post({ headers: json }), { status: 202 }, 'JSON without a body');
  t.match(await post({ headers: json, body: '{}' }), { status: 202 });
  t.match(await post({ headers: json, body: '{' }), { status: 400, json: { code: 'RELAY_REQUEST' } });
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    t.match(await post({ headers: { 'content-type': type }, body: 'a=b' }), { status: 415 }, type);
    t.match(
      await post({ headers: { 'content-type': type, 'content-length': '0' } }),
      { status: 415 },
      `${type}, empty`,
    );
  }
  t.match(await call(port, '/v1/reload'), { status: 404 }, 'GET changes nothing');
  const refused = new RelayError('RELAY_CONFIG_INVALID', 'relay.yaml:3:5: unknown key');
  const diagnostics = [{ line: 3, column: 5, message: `unknown key ${password}` }];
  gateway.now.reload = () => Promise.reject(Object.assign(refused, { diagnostics }));
  const answer = await post();
  t.match(answer, {
    status: 422,
    json: { code: 'RELAY_CONFIG_INVALID', diagnostics: [{ line: 3, column: 5 }] },
  });
  t.notMatch(answer.text, 'hunter');
});

t.test('a body over 64 kB is refused', async (t) => {
  const { port } = await start(t);
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify('x'.repeat(70_000));
  t.match(await call(port, '/v1/reload', { method: 'POST', headers, body }), { status: 413 });
});

t.test('only by its own name', async (t) => {
  const { port } = await start(t);
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
    t.match(await call(port, '/v1/health/live', { headers: { host } }), { status: 200 }, host);
  }
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`]) {
    const answer = await call(port, '/v1/status', { headers: { host } });
    t.match(answer, { status: 403, json: { code: 'RELAY_FORBIDDEN' } }, host);
  }
  t.match(
    await call(port, '/none', { headers: { host: 'evil.example' } }),
    { status: 403 },
    'unknown calls too',
  );
});

t.test('no page of another origin', async (t) => {
  const { port, gateway } = await start(t);
  let reloads = 0;
  gateway.now.reload = async () => ({ changed: [String(++reloads)] });
  for (const origin of [
    'https://evil.example',
    'null',
    `http://127.0.0.1:${port + 1}`,
    `https://127.0.0.1:${port}`,
  ]) {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const path = method === 'POST' ? '/v1/reload' : '/v1/status';
      const answer = await call(port, path, { method, headers: { origin } });
      t.match(answer, { status: 403 }, `${method} ${origin}`);
      t.notOk(answer.headers['access-control-allow-origin']);
    }
  }
  t.match(await call(port, '/v1/status', { headers: { 'sec-fetch-site': 'cross-site' } }), { status: 403 });
  t.equal(reloads, 0);
  const own = { origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' };
  t.match(await call(port, '/v1/reload', { method: 'POST', headers: own }), { status: 202 });
});

t.test('security headers on answers and errors', async (t) => {
  const { port } = await start(t);
  for (const path of ['/v1/status', '/none']) {
    const { headers } = await call(port, path);
    t.equal(headers['x-content-type-options'], 'nosniff');
    t.match(headers['content-security-policy'], "default-src 'none'");
    t.match(headers['content-type'], 'application/json');
    t.notOk(headers['x-powered-by']);
  }
});

t.test('events', async (t) => {
  const { port, gateway } = await start(t);
  const socket = raw(t, port, `GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  const head = await until(socket, /: connected/);
  t.match(head, /content-type: text\/event-stream/i);
  t.match(head, /x-content-type-options: nosniff/i);
  const seen = until(socket, /event: unit\ndata: (.*)\n\n/);
  for (const listener of gateway.listeners) {
    listener({ type: 'reload', at: 1, ok: false, message: `bad ${password}`, changed: [] });
    listener({ type: 'unit', at: 2, unit: 'lobby', state: 'waiting' });
  }
  const text = await seen;
  t.match(
    text,
    'event: reload\ndata: {"type":"reload","at":1,"ok":false,"message":"bad ***","changed":[]}\n\n',
  );
  socket.destroy();
  while (gateway.listeners.size > 0) await new Promise((resolve) => setImmediate(resolve));
  t.pass('a reader that leaves is forgotten');
});

t.test('events: a reader that never reads is cut, and others are not', async (t) => {
  const { port, gateway } = await start(t);
  const ask = `GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const good = raw(t, port, ask);
  const bad = raw(t, port, ask);
  await Promise.all([until(good, /: connected/), until(bad, /: connected/)]);
  good.resume();
  bad.pause();
  t.equal(gateway.listeners.size, 2);
  const message = 'x'.repeat(16_384);
  for (let sent = 0; gateway.listeners.size === 2; sent++) {
    if (sent > 5000) t.bailout('80 MB are waiting for a reader that does not read');
    for (const listener of gateway.listeners)
      listener({ type: 'reload', at: sent, ok: true, message, changed: [] });
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(gateway.listeners.size, 1);
  const last = until(good, /event: ready/);
  for (const listener of gateway.listeners) listener({ type: 'ready', at: 1 });
  await last;
});

t.test('events: at most 64 readers', async (t) => {
  const { port, gateway } = await start(t);
  const ask = `GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
  const sockets = Array.from({ length: 64 }, () => raw(t, port, ask));
  await Promise.all(sockets.map((socket) => until(socket, /: connected/)));
  t.match(await call(port, '/v1/events'), { status: 503, json: { code: 'RELAY_API_BUSY' } });
  sockets[0]?.destroy();
  while (gateway.listeners.size === 64) await new Promise((resolve) => setImmediate(resolve));
  await until(raw(t, port, ask), /: connected/);
});

t.test('a request that never ends is cut', { timeout: 30_000 }, async (t) => {
  const { port } = await start(t);
  const headers = raw(t, port, 'GET /v1/status HTTP/1.1\r\nHost: ');
  const body = raw(
    t,
    port,
    `POST /v1/reload HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
  );
  const closed = [headers, body].map(
    (socket) => new Promise((resolve) => socket.resume().once('close', resolve)),
  );
  await Promise.all(closed);
  t.match(await call(port, '/v1/health/live'), { status: 200 }, 'others are served');
});

t.test('close is quick with readers connected', async (t) => {
  const { port, gateway, close } = await start(t);
  const socket = raw(t, port, `GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  await until(socket, /: connected/);
  const before = performance.now();
  await close();
  t.ok(performance.now() - before < 1000);
  while (gateway.listeners.size > 0) await new Promise((resolve) => setImmediate(resolve));
});

t.test('a busy port, and one open to others', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.teardown(() => other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const listen = (host: string) =>
    startApi({
      listen: { host, port },
      gateway: fakeGateway(),
      log: { error() {} },
      redact: createRedactor(),
    });
  await t.rejects(listen('127.0.0.1'), {
    code: 'RELAY_PORT_BUSY',
    message: new RegExp(`127.0.0.1:${port} is in use`),
  });
  for (const host of ['0.0.0.0', '', '::', '192.0.2.1', '127.evil.example']) {
    await t.rejects(listen(host), { code: 'RELAY_CONFIG_INVALID' }, host);
  }
});
