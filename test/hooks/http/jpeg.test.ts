import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import t from 'tap';
import { ImageCodec } from '../../../src/hooks/libav/jpeg.ts';
import { adapterFor, frameOf, never, serve } from './support.ts';

const json = (value: unknown) => ({ type: 'application/json', body: JSON.stringify(value) });

t.test('a frame goes out as a JPEG with its facts, an image takes its place', async (t) => {
  const server = await serve(t, ({ body }, response) => {
    response.writeHead(200, { 'content-type': 'image/jpeg; charset=binary' }).end(body);
  });
  const adapter = adapterFor(t, server.url);
  t.same(await adapter.start(never()), { format: 'yuv420p', inFlight: 2 });
  const { picture } = await adapter.process(frameOf('yuv420p', 64, 48), never());
  t.match(picture, { format: 'yuv420p', width: 64, height: 48 });
  const [y, u, v] = picture!.planes;
  const near = (value: number | undefined, wanted: number) =>
    t.ok(Math.abs(value! - wanted) <= 3, `${value} is about ${wanted}`);
  near(y!.data[20 * y!.stride + 5], 40);
  near(y!.data[20 * y!.stride + 60], 200);
  near(u!.data[10 * u!.stride + 20], 110);
  near(v!.data[10 * v!.stride + 20], 150);
  const [request] = server.received;
  t.match(request, {
    method: 'POST',
    url: '/detect?key=hidden',
    headers: {
      authorization: `Basic ${Buffer.from('user:secret').toString('base64')}`,
      'content-type': 'image/jpeg',
      'x-relay-route': 'gate',
      'x-relay-sequence': '7',
      'x-relay-timestamp': '1000000',
      'x-relay-pts': '90000',
      'x-relay-time-base': '1/90000',
      'x-relay-wall-clock': '1700000000000',
      'x-relay-key-frame': '1',
      'x-relay-width': '64',
      'x-relay-height': '48',
    },
  });
  t.same([...request!.body.subarray(0, 2)], [0xff, 0xd8]);
});

t.test('a PNG too, and of another size', async (t) => {
  // Two by one, red and blue.
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGP4z8DAwPAfAAcAAf/5k2MZAAAAAElFTkSuQmCC',
    'base64',
  );
  const server = await serve(t, (_, response) =>
    response.writeHead(200, { 'content-type': 'image/png' }).end(png),
  );
  const { picture } = await adapterFor(t, server.url).process(frameOf('yuv420p', 64, 48), never());
  t.match(picture, { format: 'rgb24', width: 2, height: 1 });
});

t.test('JSON: what to draw, events, meta', async (t) => {
  const boxes = [{ x: 1, y: 2, width: 3, height: 4, label: 'cat', score: 0.9 }];
  const said = {
    boxes,
    labels: [{ x: 0, y: 0, text: 'hi', color: '#ff0000' }],
    event: 'seen',
    data: { n: 1 },
    events: [{ name: 'again' }],
    drop: false,
    state: 'open',
    took: 12,
  };
  const server = await serve(t, (_, response) =>
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(said)),
  );
  t.same(await adapterFor(t, server.url).process(frameOf('yuv420p', 64, 48), never()), {
    overlay: { boxes: [{ x: 1, y: 2, width: 3, height: 4, label: 'cat' }], labels: said.labels },
    drop: false,
    events: [{ name: 'seen', data: { n: 1 } }, { name: 'again' }],
    meta: { state: 'open' },
  });
});

t.test('204, an empty body and an empty object say nothing', async (t) => {
  const answers = [{ status: 204 }, { status: 200 }, { status: 200, ...json({}) }];
  let turn = 0;
  const server = await serve(t, (_, response) => {
    const {
      status,
      type,
      body = '',
    } = { type: 'text/html', ...answers[turn++]! } as {
      status: number;
      type: string;
      body?: string;
    };
    response.writeHead(status, {
      'content-type': type,
      ...(status === 204 ? {} : { 'content-length': body.length }),
    });
    response.end(body);
  });
  const adapter = adapterFor(t, server.url);
  for (const _ of answers) t.same(await adapter.process(frameOf('yuv420p', 64, 48), never()), {});
  t.equal(server.connections(), 1, 'over one connection');
});

t.test('what goes wrong is one line that names the server without its secrets', async (t) => {
  const good = new ImageCodec();
  const jpeg = good.encode(frameOf('yuv420p', 64, 48), 80);
  good.free();
  const wrong: [
    string,
    RegExp,
    { status?: number; type?: string; body?: Buffer | string; headers?: object },
  ][] = [
    [
      'refusal',
      /503 Service Unavailable: the model is not loaded$/,
      { status: 503, type: 'text/plain', body: 'the model\nis not loaded' },
    ],
    ['no such page', /404 Not Found$/, { status: 404, type: 'text/html', body: '<html>' }],
    [
      'redirect',
      /a redirect, which is not followed: 302 Found$/,
      { status: 302, headers: { location: '/other' } },
    ],
    ['type', /an answer of type text\/html$/, { type: 'text/html', body: '<html>' }],
    ['no type', /an answer without content-type$/, { body: 'x' }],
    ['type of a trap', /an answer of type constructor$/, { type: 'constructor', body: 'x' }],
    [
      'packed',
      /an answer in gzip, which was not asked for$/,
      { type: 'application/json', body: 'x', headers: { 'content-encoding': 'gzip' } },
    ],
    ['garbage', /the JPEG is cut off$/, { type: 'image/jpeg', body: 'garbage' }],
    ['half', /the JPEG is cut off$/, { type: 'image/jpeg', body: jpeg.subarray(0, jpeg.length / 2) }],
    [
      'no pixels',
      /the JPEG is cut off$/,
      { type: 'image/jpeg', body: Buffer.concat([jpeg.subarray(0, 100), jpeg.subarray(-2)]) },
    ],
    [
      'broken',
      /the JPEG is broken: /,
      {
        type: 'image/jpeg',
        body: Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(100), jpeg.subarray(102)]),
      },
    ],
    ['no PNG', /the PNG is broken: /, { type: 'image/png', body: jpeg }],
    ['no JSON', /an answer that is no JSON$/, { type: 'application/json', body: '{"boxes":' }],
    ['another JSON', /an answer with none of the fields boxes, labels, /, { ...json({ predictions: [] }) }],
    ['a list', /the answer: .*expected object/, { ...json([]) }],
    [
      'field',
      /boxes\.1\.width: .*expected number/,
      json({
        boxes: [
          { x: 1, y: 1, width: 1, height: 1 },
          { x: 1, y: 1, width: '9', height: 1 },
        ],
      }),
    ],
    [
      'colour',
      /labels\.0\.color: a colour is "#rrggbb"$/,
      json({ labels: [{ x: 0, y: 0, text: '', color: 'red' }] }),
    ],
    [
      'large JSON',
      /an answer of more than 1 MB$/,
      { type: 'application/json', body: Buffer.alloc(2 << 20, 32) },
    ],
    [
      'announced',
      /an answer of more than 32 MB$/,
      { type: 'image/jpeg', headers: { 'content-length': String(1e9) } },
    ],
  ];
  let answer: (typeof wrong)[number][2] = {};
  const server = await serve(t, (_, response) => {
    const { status = 200, type, body = '', headers = {} } = answer;
    response.writeHead(status, { ...(type === undefined ? {} : { 'content-type': type }), ...headers });
    response.write(body);
    if (!('content-length' in headers)) response.end();
  });
  const adapter = adapterFor(t, server.url);
  for (const [name, message, what] of wrong) {
    answer = what;
    const error: Error = await adapter.process(frameOf('yuv420p', 64, 48), never()).then(
      () => t.fail(`${name}: was accepted`),
      (error) => error,
    );
    t.match(error.message, message, name);
    t.ok(error.message.startsWith(`http://127.0.0.1:${server.port}/detect: `), error.message);
    t.notMatch(error.message, /secret|hidden|\n/);
  }
  answer = { type: 'image/jpeg', body: jpeg };
  t.ok((await adapter.process(frameOf('yuv420p', 64, 48), never())).picture, 'the next one is fine');
});

t.test('a body that is cut off, one without end, and a server that hangs', async (t) => {
  let mode = 'cut';
  let gone = 0;
  const server = await serve(t, (_, response, request) => {
    if (mode === 'hang') return void request.socket.on('close', () => gone++);
    response.writeHead(200, {
      'content-type': 'application/json',
      ...(mode === 'cut' ? { 'content-length': '100' } : {}),
    });
    if (mode === 'cut') return void response.write('{"boxes":[', () => request.socket.destroy());
    const more = () => {
      if (!response.destroyed && response.write(Buffer.alloc(65_536, 32))) setImmediate(more);
    };
    response.on('drain', more);
    more();
  });
  const adapter = adapterFor(t, server.url);
  const ask = (signal: AbortSignal) => adapter.process(frameOf('yuv420p', 64, 48), signal);
  await t.rejects(ask(never()), /cut|aborted/);
  mode = 'endless';
  await t.rejects(ask(never()), /an answer of more than 1 MB/);
  mode = 'hang';
  const abort = new AbortController();
  const late = ask(abort.signal);
  while (server.received.length < 3) await new Promise(setImmediate);
  abort.abort();
  await t.rejects(late, /\/detect: no answer in time$/);
  while (gone === 0) await new Promise(setImmediate);
  const killed = t.rejects(ask(never()), /\/detect: ended$/);
  while (server.received.length < 4) await new Promise(setImmediate);
  await adapter.kill();
  await killed;
  mode = 'cut';
  await t.rejects(ask(never()), /cut|aborted/, 'it can be started again');
});

t.test('nobody there', async (t) => {
  const port = await new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
  const adapter = adapterFor(t, `http://127.0.0.1:${port}/x`);
  await adapter.start(never());
  await t.rejects(adapter.process(frameOf('yuv420p', 64, 48), never()), {
    message: `http://127.0.0.1:${port}/x: nobody listens there`,
  });
});

t.test('a connection that the server has closed meanwhile is opened again', async (t) => {
  let first = true;
  const server = await serve(t, (_, response, request) => {
    response.writeHead(204).end();
    // Closes without a word, as servers do after their idle time.
    if (first) response.on('finish', () => request.socket.resetAndDestroy());
    first = false;
  });
  const adapter = adapterFor(t, server.url);
  t.same(await adapter.process(frameOf('yuv420p', 64, 48), never()), {});
  t.same(await adapter.process(frameOf('yuv420p', 64, 48), never()), {});
});

t.test('several at once, and the quality is what was asked for', async (t) => {
  const waiting: (() => void)[] = [];
  const server = await serve(t, (_, response) => {
    waiting.push(() => response.writeHead(204).end());
    if (waiting.length === 2) for (const answer of waiting) answer();
  });
  const adapter = adapterFor(t, server.url, { quality: 10 });
  const rich = (sequence: number) => {
    const frame = frameOf('yuv420p', 640, 480, sequence);
    for (let at = 0; at < frame.planes[0]!.data.length; at++) frame.planes[0]!.data[at] = (at * at) % 251;
    return frame;
  };
  const frames = [1, 2].map((sequence) => adapter.process(rich(sequence), never()));
  t.same(await Promise.all(frames), [{}, {}]);
  const low = server.received[0]!.body.length;
  const better = await serve(t, (_, response) => response.writeHead(204).end());
  await adapterFor(t, better.url, { quality: 95 }).process(rich(3), never());
  t.ok(better.received[0]!.body.length > low, `${better.received[0]!.body.length} > ${low}`);
});
