/** Messages survive any cutting of their bytes, and what is no message is told at once. */
import fc from 'fast-check';
import t from 'tap';
import { Decoder, encode, MAX_HEADER, MAX_PAYLOAD, WireError } from '../../../src/hooks/wire/codec.ts';

const message = fc.record({
  header: fc.record({ type: fc.string(), value: fc.jsonValue() }),
  payload: fc.uint8Array({ maxLength: 200 }),
});

t.test('cut anywhere, the same messages come out', async () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 5 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 60 })),
      (sent, cuts) => {
        let rest = Buffer.concat(sent.map(({ header, payload }) => encode(header, [payload])));
        const decoder = new Decoder();
        const got = [];
        for (const cut of cuts) {
          got.push(...decoder.push(rest.subarray(0, cut)));
          rest = rest.subarray(cut);
          if (rest.length === 0) break;
        }
        const plain = sent.map(({ header, payload }) => ({
          header: JSON.parse(JSON.stringify(header)) as unknown,
          payload: Buffer.from(payload),
        }));
        return JSON.stringify(got) === JSON.stringify(plain);
      },
    ),
  );
});

t.test('any bytes are messages, wait for more, or are refused as not of the wire', async () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 10 }), (chunks) => {
      const decoder = new Decoder();
      try {
        for (const chunk of chunks) decoder.push(Buffer.from(chunk));
      } catch (error) {
        return error instanceof WireError;
      }
      return true;
    }),
  );
});

t.test('sizes are judged before anything of that size is held', async (t) => {
  const prefix = (header: number, payload: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(header, 0);
    bytes.writeUInt32LE(payload, 4);
    return bytes;
  };
  t.throws(() => new Decoder().push(prefix(MAX_HEADER + 1, 0)), WireError);
  t.throws(() => new Decoder().push(prefix(0, 0)), WireError);
  t.throws(() => new Decoder().push(prefix(2, MAX_PAYLOAD + 1)), WireError);
  t.throws(() => encode({ type: 'x'.repeat(MAX_HEADER) }), RangeError);
  for (const text of ['[]', 'null', '7', '{}', '{"type":1}', '{"type"']) {
    const whole = Buffer.concat([prefix(text.length, 0), Buffer.from(text)]);
    t.throws(() => new Decoder().push(whole), WireError, text);
  }
});
