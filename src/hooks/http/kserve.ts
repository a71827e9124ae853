/** The open inference protocol v2 (KServe, Triton, OpenVINO): one image in, boxes, scores and labels out. */
import type { Answer, ShownFrame } from '../adapter.ts';
import type { Box } from '../contract.ts';
import type { HttpDialect } from '../spec.ts';
import type { Reply } from './exchange.ts';

type Kserve = Extract<HttpDialect, { name: 'kserve' }>;
type Values = (number | string | boolean)[];

const LENGTH = 'inference-header-content-length';

/** More boxes are no detection. */
const MOST = 1000;

/** Header as JSON, then the pixels as they are: a UINT8 tensor [1, height, width, 3]. */
export function inferRequest(frame: ShownFrame, { input, outputs }: Kserve) {
  const { width, height, sequence } = frame;
  const { data, stride } = frame.planes[0]!;
  const row = width * 3;
  const tensor = { name: input, shape: [1, height, width, 3], datatype: 'UINT8' };
  const header = Buffer.from(
    JSON.stringify({
      id: String(sequence),
      inputs: [{ ...tensor, parameters: { binary_data_size: row * height } }],
      outputs: Object.values(outputs).map((name) => ({ name, parameters: { binary_data: true } })),
    }),
  );
  // A copy in any case: an aborted request may be read by the kernel after the frame is gone.
  const body = Buffer.allocUnsafe(header.length + row * height);
  header.copy(body);
  for (let y = 0; y < height; y++) data.copy(body, header.length + y * row, y * stride, y * stride + row);
  return { headers: { 'content-type': 'application/octet-stream', [LENGTH]: header.length }, body };
}

/** Throws for what doesn't fit together. */
export function inferAnswer(reply: Reply, dialect: Kserve): Answer {
  const tensors = tensorsOf(reply);
  const { outputs, threshold, model } = dialect;
  const one = (name: string | undefined): Values | undefined => {
    if (name === undefined) return undefined;
    const values = tensors.get(name);
    if (values === undefined) throw new Error(`an answer without the output ${name}`);
    return values;
  };
  const corners = one(outputs.boxes);
  const scores = one(outputs.scores);
  const labels = one(outputs.labels);
  if (corners === undefined) return { meta: { model, ...(scores && { scores }), ...(labels && { labels }) } };
  if (corners.length % 4 !== 0) throw new Error(`${corners.length} numbers in ${outputs.boxes}: not N×4`);
  const count = corners.length / 4;
  for (const [name, values] of [
    [outputs.scores, scores],
    [outputs.labels, labels],
  ] as const) {
    if (values && values.length !== count)
      throw new Error(`${values.length} values in ${name} for ${count} boxes`);
  }
  const found: (Box & { score?: number })[] = [];
  for (let i = 0; i < count && found.length < MOST; i++) {
    const [x1, y1, x2, y2] = corners.slice(4 * i, 4 * i + 4).map(Number) as [number, number, number, number];
    const score = scores === undefined ? undefined : Number(scores[i]);
    if (![x1, y1, x2, y2].every(Number.isFinite) || (score !== undefined && !(score >= threshold))) continue;
    const label = labels === undefined ? undefined : String(labels[i]).slice(0, 200);
    found.push({
      x: x1,
      y: y1,
      width: x2 - x1,
      height: y2 - y1,
      ...(label === undefined ? {} : { label }),
      ...(score === undefined ? {} : { score: Math.round(score * 1000) / 1000 }),
    });
  }
  const boxes = found.map(({ score, ...box }): Box => {
    const words = [box.label, score?.toFixed(2)].filter((word) => word !== undefined);
    return words.length === 0 ? box : { ...box, label: words.join(' ') };
  });
  return { overlay: { boxes }, meta: { model, boxes: found } };
}

function tensorsOf({ headers, body }: Reply): Map<string, Values> {
  const length = headers[LENGTH];
  const end = length === undefined ? body.length : Number(length);
  if (!(end >= 0 && end <= body.length)) throw new Error('a header that is longer than the answer');
  const parsed: unknown = parse(body.toString('utf8', 0, end));
  const outputs = (parsed as { outputs?: unknown } | null)?.outputs;
  if (!Array.isArray(outputs)) throw new Error('an answer without outputs');
  const tensors = new Map<string, Values>();
  let offset = end;
  for (const output of outputs as Record<string, unknown>[]) {
    const name = String(output?.['name']);
    const size = (output?.['parameters'] as { binary_data_size?: unknown } | undefined)?.binary_data_size;
    if (size === undefined) {
      if (!Array.isArray(output?.['data'])) throw new Error(`no data in the output ${name}`);
      tensors.set(name, output['data'].flat(8) as Values);
      continue;
    }
    if (!Number.isInteger(size) || (size as number) < 0 || offset + (size as number) > body.length) {
      throw new Error(`the output ${name} is cut off`);
    }
    const next = offset + (size as number);
    tensors.set(name, valuesOf(String(output['datatype']), body.subarray(offset, next), name));
    offset = next;
  }
  return tensors;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('an answer that is no JSON');
  }
}

/** Little-endian numbers of the protocol, by the name of their type. */
const numbers: Record<string, [bytes: number, read: (bytes: Buffer, at: number) => number]> = {
  BOOL: [1, (bytes, at) => bytes.readUInt8(at)],
  UINT8: [1, (bytes, at) => bytes.readUInt8(at)],
  INT8: [1, (bytes, at) => bytes.readInt8(at)],
  UINT16: [2, (bytes, at) => bytes.readUInt16LE(at)],
  INT16: [2, (bytes, at) => bytes.readInt16LE(at)],
  UINT32: [4, (bytes, at) => bytes.readUInt32LE(at)],
  INT32: [4, (bytes, at) => bytes.readInt32LE(at)],
  UINT64: [8, (bytes, at) => Number(bytes.readBigUInt64LE(at))],
  INT64: [8, (bytes, at) => Number(bytes.readBigInt64LE(at))],
  FP32: [4, (bytes, at) => bytes.readFloatLE(at)],
  FP64: [8, (bytes, at) => bytes.readDoubleLE(at)],
};

function valuesOf(datatype: string, bytes: Buffer, name: string): Values {
  if (datatype === 'BYTES') return textsOf(bytes, name);
  const type = Object.hasOwn(numbers, datatype) ? numbers[datatype] : undefined;
  if (type === undefined) throw new Error(`the output ${name} is of type ${datatype.slice(0, 20)}`);
  const [size, read] = type;
  if (bytes.length % size !== 0) throw new Error(`the output ${name} is cut off`);
  return Array.from({ length: bytes.length / size }, (_, index) => read(bytes, index * size));
}

/** Each text after its length. */
function textsOf(bytes: Buffer, name: string): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 <= bytes.length ? at + 4 + bytes.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw new Error(`the output ${name} is cut off`);
    texts.push(bytes.toString('utf8', at + 4, end));
    at = end;
  }
  return texts;
}
