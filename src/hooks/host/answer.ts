/** From what `process` returned to a message of the wire. */
import type { Frame, HookResult, Picture } from '../contract.ts';
import { encode } from '../wire/codec.ts';
import { planeShapes } from '../wire/layout.ts';
import type { FrameMessage } from '../wire/messages.ts';

const known = ['frame', 'drop', 'overlay', 'event', 'data', 'events', 'meta'];

export interface AnswerInput {
  message: FrameMessage;
  frame: Frame;
  /** What `process` returned. */
  returned: unknown;
  /** The frame's pixels, if it may have changed them. */
  touched: ArrayBuffer | undefined;
  /** The frame's place in shared memory, to write into. */
  place: Uint8Array | undefined;
  /** Pixels are wanted. */
  pixels: boolean;
}

/** Throws what is wrong with the answer. Must be called before the frame's pixels go. */
export function answerOf(input: AnswerInput): Buffer {
  const { returned, frame, message } = input;
  const result = resultOf(returned, frame);
  const { drop, overlay, event, data, events = [], meta } = result;
  const all = event === undefined ? events : [{ name: event, data }, ...events];
  const { fields, parts } = input.pixels && !drop ? pixelsOf(result.frame, input) : { fields: {}, parts: [] };
  return encode(
    {
      type: 'result',
      sequence: message.sequence,
      ...(drop === undefined ? {} : { drop }),
      ...(overlay === undefined ? {} : { overlay }),
      ...(all.length === 0 ? {} : { events: all }),
      ...(meta === undefined ? {} : { meta }),
      ...fields,
    },
    parts,
  );
}

function resultOf(returned: unknown, frame: Frame): HookResult {
  if (returned === undefined || returned === null || returned === frame) return {};
  if (typeof returned !== 'object') throw new TypeError(`process returned a ${typeof returned}`);
  if ('planes' in returned) return { frame: returned as Picture };
  const strange = Object.keys(returned).filter((key) => !known.includes(key));
  if (strange.length > 0)
    throw new TypeError(`process returned ${strange.join(', ')}; known are: ${known.join(', ')}`);
  const { frame: picture, ...rest } = returned as HookResult;
  return picture === undefined || (picture as unknown) === frame ? rest : { ...rest, frame: picture };
}

interface WirePixels {
  fields: { picture?: object; memory?: true };
  parts: readonly Uint8Array[];
}

function pixelsOf(picture: Picture | undefined, { touched, place, message }: AnswerInput): WirePixels {
  if (picture === undefined) {
    if (touched === undefined) return { fields: {}, parts: [] };
    if (touched.byteLength === 0) {
      throw new Error("process gave the frame's memory to another thread: give it frame.copy() instead");
    }
    const written = new Uint8Array(touched, 0, message.bytes);
    if (place === undefined) return { fields: {}, parts: [written] };
    place.set(written);
    return { fields: { memory: true }, parts: [] };
  }
  checkPicture(picture);
  const { format, width, height } = picture;
  const parts: Uint8Array[] = [];
  const planes: { offset: number; stride: number }[] = [];
  let bytes = 0;
  for (const [index, shape] of planeShapes(format, width, height).entries()) {
    const { data, stride } = picture.planes[index]!;
    planes.push({ offset: bytes, stride });
    parts.push(data.subarray(0, stride * shape.height));
    bytes += stride * shape.height;
  }
  const fields = { picture: { format, width, height, planes } };
  if (place === undefined || bytes > place.length) return { fields, parts };
  for (const [index, part] of parts.entries()) place.set(part, planes[index]!.offset);
  return { fields: { ...fields, memory: true }, parts: [] };
}

/** What a user gets wrong is told in words of the contract, before it is told in words of the wire. */
function checkPicture({ format, width, height, planes }: Picture): void {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new TypeError(`process returned a picture of ${width}×${height}`);
  }
  const shapes = planeShapes(format, width, height) as ReturnType<typeof planeShapes> | undefined;
  if (shapes === undefined) throw new TypeError(`process returned a picture in ${JSON.stringify(format)}`);
  if (!Array.isArray(planes) || planes.length !== shapes.length) {
    throw new TypeError(`process returned a ${format} picture with other than ${shapes.length} planes`);
  }
  for (const [index, shape] of shapes.entries()) {
    const { data, stride } = planes[index]!;
    if (!(data instanceof Uint8Array))
      throw new TypeError(`plane ${index} of the returned picture is not a Uint8Array`);
    if (!(stride >= shape.rowBytes) || data.length < stride * shape.height) {
      throw new TypeError(
        `plane ${index} of the returned picture: ${data.length} bytes, rows ${stride} apart, do not hold ${shape.height} rows of ${shape.rowBytes}`,
      );
    }
  }
}
