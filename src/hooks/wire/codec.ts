/**
 * Bytes ↔ messages of the wire: u32 LE length of the header, u32 LE length of the payload, the header
 * (a JSON object with a `type`), the payload. docs/hook-wire.md is its description.
 */

export const WIRE_VERSION = 1;
export const MAX_HEADER = 1 << 20;
/** 8K RGBA, with rows as libav pads them. */
export const MAX_PAYLOAD = 8192 * 4320 * 4;

const PREFIX = 8;

export interface Message {
  header: { type: string; [key: string]: unknown };
  payload: Buffer;
}

/** The other side does not speak the wire: nothing that follows can be understood. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** One buffer, because the parts may change as soon as this returns. */
export function encode(
  header: { type: string; [key: string]: unknown },
  parts: readonly Uint8Array[] = [],
): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const payload = parts.reduce((sum, part) => sum + part.length, 0);
  if (json.length > MAX_HEADER) throw new RangeError(`more than ${MAX_HEADER} bytes of JSON in one message`);
  if (payload > MAX_PAYLOAD) throw new RangeError(`more than ${MAX_PAYLOAD} bytes of pixels in one message`);
  const message = Buffer.allocUnsafe(PREFIX + json.length + payload);
  message.writeUInt32LE(json.length, 0);
  message.writeUInt32LE(payload, 4);
  json.copy(message, PREFIX);
  let at = PREFIX + json.length;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}

/** Takes what arrives in any pieces. Throws WireError once, then must not be used any more. */
export class Decoder {
  #part: 'prefix' | 'header' | 'payload' = 'prefix';
  #target = Buffer.allocUnsafe(PREFIX);
  #filled = 0;
  #header: Message['header'] = { type: '' };
  #payloadLength = 0;

  push(chunk: Buffer): Message[] {
    const messages: Message[] = [];
    for (let at = 0; ; ) {
      const count = Math.min(this.#target.length - this.#filled, chunk.length - at);
      chunk.copy(this.#target, this.#filled, at, at + count);
      at += count;
      this.#filled += count;
      if (this.#filled < this.#target.length) return messages;
      const message = this.#turn();
      if (message !== undefined) messages.push(message);
    }
  }

  /** One part is complete. */
  #turn(): Message | undefined {
    const whole = this.#target;
    switch (this.#part) {
      case 'prefix': {
        const header = whole.readUInt32LE(0);
        this.#payloadLength = whole.readUInt32LE(4);
        if (header === 0 || header > MAX_HEADER) throw new WireError(`a header of ${header} bytes`);
        if (this.#payloadLength > MAX_PAYLOAD) {
          throw new WireError(`a payload of ${this.#payloadLength} bytes`);
        }
        this.#expect('header', Buffer.allocUnsafe(header));
        return undefined;
      }
      case 'header':
        this.#header = parseHeader(whole);
        // Not from Node's pool: whoever gets it owns all of its ArrayBuffer.
        this.#expect('payload', Buffer.allocUnsafeSlow(this.#payloadLength));
        return undefined;
      case 'payload':
        this.#expect('prefix', Buffer.allocUnsafe(PREFIX));
        return { header: this.#header, payload: whole };
    }
  }

  #expect(part: 'prefix' | 'header' | 'payload', target: Buffer<ArrayBuffer>): void {
    this.#part = part;
    this.#target = target;
    this.#filled = 0;
  }
}

function parseHeader(bytes: Buffer): Message['header'] {
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new WireError(`a header that is not JSON: ${JSON.stringify(bytes.toString('latin1', 0, 40))}`);
  }
  if (typeof header !== 'object' || header === null || !('type' in header) || typeof header.type !== 'string')
    throw new WireError('a header that is not an object with a "type"');
  return header as Message['header'];
}
