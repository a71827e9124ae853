import t, { type Test } from 'tap';
import type { HttpDialect } from '../../../src/hooks/spec.ts';
import { adapterFor, frameOf, never, type Received, serve } from './support.ts';

const dialect = {
  name: 'kserve',
  model: 'yolo',
  input: 'images',
  outputs: { boxes: 'boxes', scores: 'scores', labels: 'labels' },
  threshold: 0.5,
} satisfies HttpDialect;

const floats = (values: number[]) => Buffer.from(new Float32Array(values).buffer);
const texts = (values: string[]) =>
  Buffer.concat(
    values.map((value) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(value));
      return Buffer.concat([length, Buffer.from(value)]);
    }),
  );

interface Tensor {
  name: string;
  datatype: string;
  bytes: Buffer;
}

/** An answer of the binary extension. */
function binary(tensors: Tensor[]): { headers: Record<string, string>; body: Buffer } {
  const outputs = tensors.map(({ name, datatype, bytes }) => ({
    name,
    datatype,
    shape: [1],
    parameters: { binary_data_size: bytes.length },
  }));
  const header = Buffer.from(JSON.stringify({ model_name: 'yolo', outputs }));
  return {
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.length),
    },
    body: Buffer.concat([header, ...tensors.map(({ bytes }) => bytes)]),
  };
}

const good: Tensor[] = [
  { name: 'scores', datatype: 'FP32', bytes: floats([0.9, 0.4]) },
  { name: 'boxes', datatype: 'FP32', bytes: floats([10, 20, 30, 60, 0, 0, 5, 5]) },
  { name: 'labels', datatype: 'BYTES', bytes: texts(['pérson', 'dog']) },
];

const expected = {
  overlay: { boxes: [{ x: 10, y: 20, width: 20, height: 40, label: 'pérson 0.90' }] },
  meta: { model: 'yolo', boxes: [{ x: 10, y: 20, width: 20, height: 40, label: 'pérson', score: 0.9 }] },
};

async function answering(
  t: Test,
  answer: (received: Received) => { headers: object; body: Buffer | string },
) {
  const server = await serve(t, (received, response) => {
    if (received.method === 'GET') return void response.writeHead(200).end();
    const { headers, body } = answer(received);
    response.writeHead(200, { ...headers }).end(body);
  });
  return { server, adapter: adapterFor(t, `http://127.0.0.1:${server.port}/triton/`, { dialect }) };
}

t.test('one tensor of pixels out, boxes in', async (t) => {
  const { server, adapter } = await answering(t, () => binary(good));
  t.same(await adapter.start(never()), { format: 'rgb24', inFlight: 2 });
  t.same(await adapter.process(frameOf('rgb24', 6, 4), never()), expected);
  t.match(server.received[0], { method: 'GET', url: '/triton/v2/health/ready' });
  const [, { method, url, headers, body }] = server.received as [Received, Received];
  t.same([method, url], ['POST', '/triton/v2/models/yolo/infer']);
  const end = Number(headers['inference-header-content-length']);
  t.same(JSON.parse(body.toString('utf8', 0, end)), {
    id: '7',
    inputs: [
      { name: 'images', shape: [1, 4, 6, 3], datatype: 'UINT8', parameters: { binary_data_size: 72 } },
    ],
    outputs: ['boxes', 'scores', 'labels'].map((name) => ({ name, parameters: { binary_data: true } })),
  });
  const row = [...Array(9).fill(40), ...Array(9).fill(200)];
  t.same([...body.subarray(end)], [...row, ...row, ...row, ...row], 'rows without what lies behind them');
});

t.test('outputs as JSON, nested or flat, and labels as numbers', async (t) => {
  const outputs = [
    {
      name: 'boxes',
      datatype: 'FP32',
      shape: [1, 2, 4],
      data: [
        [
          [10, 20, 30, 60],
          [0, 0, 5, 5],
        ],
      ],
    },
    { name: 'scores', datatype: 'FP32', shape: [2], data: [0.9, 0.4] },
    { name: 'labels', datatype: 'INT64', shape: [2], data: [3, 4] },
  ];
  const { adapter } = await answering(t, () => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ outputs }),
  }));
  const { overlay } = await adapter.process(frameOf('rgb24', 6, 4), never());
  t.same(overlay, { boxes: [{ x: 10, y: 20, width: 20, height: 40, label: '3 0.90' }] });
});

t.test('a server that is not ready is not started', async (t) => {
  const server = await serve(t, (_, response) => response.writeHead(503).end());
  const adapter = adapterFor(t, server.url, { dialect });
  await t.rejects(adapter.start(never()), /\/detect: 503 Service Unavailable$/);
});

t.test('answers that do not fit together', async (t) => {
  const without = (name: string) => good.filter((tensor) => tensor.name !== name);
  const cut = binary(good);
  const wrong: [RegExp, { headers: object; body: Buffer | string }][] = [
    [/an answer without the output boxes$/, binary(without('boxes'))],
    [/3 numbers in boxes: not N×4$/, binary([{ ...good[1]!, bytes: floats([1, 2, 3]) }, good[0]!, good[2]!])],
    [/1 values in scores for 2 boxes$/, binary([...without('scores'), { ...good[0]!, bytes: floats([1]) }])],
    [
      /the output labels is cut off$/,
      binary([good[0]!, good[1]!, { ...good[2]!, bytes: Buffer.from([255, 0, 0, 0, 1]) }]),
    ],
    [/the output labels is cut off$/, { ...cut, body: cut.body.subarray(0, -1) }],
    [/the output scores is cut off$/, binary([{ ...good[0]!, bytes: Buffer.alloc(5) }, good[1]!, good[2]!])],
    [/the output scores is of type FP99$/, binary([{ ...good[0]!, datatype: 'FP99' }, good[1]!, good[2]!])],
    [
      /a header that is longer than the answer$/,
      { ...cut, headers: { ...cut.headers, 'inference-header-content-length': '99999' } },
    ],
    [/an answer that is no JSON$/, { headers: { 'content-type': 'application/json' }, body: '{' }],
    [/an answer without outputs$/, { headers: { 'content-type': 'application/json' }, body: 'null' }],
    [
      /no data in the output boxes$/,
      { headers: { 'content-type': 'application/json' }, body: '{"outputs":[{"name":"boxes"}]}' },
    ],
  ];
  let turn = 0;
  const { server, adapter } = await answering(t, () => wrong[turn]![1]);
  for (; turn < wrong.length; turn++) {
    const message = new RegExp(`^http://127\\.0\\.0\\.1:${server.port}/triton/: .*${wrong[turn]![0].source}`);
    await t.rejects(adapter.process(frameOf('rgb24', 6, 4), never()), { message });
  }
});
