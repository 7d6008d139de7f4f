/**
 * The little of the protobuf wire format that an ONNX file needs, written by
 * hand: varints, length-delimited fields and 32-bit floats
 * (https://protobuf.dev/programming-guides/encoding/).
 */
export class ProtobufWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  varint(field: number, value: number): void {
    this.#tag(field, 0);
    this.#append(varintBytes(value));
  }

  float(field: number, value: number): void {
    this.#tag(field, 5);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#append(bytes);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#tag(field, 2);
    this.#append(varintBytes(value.length));
    this.#append(value);
  }

  text(field: number, value: string): void {
    this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, write: (writer: ProtobufWriter) => void): void {
    const inner = new ProtobufWriter();
    write(inner);
    this.bytes(field, inner.finish());
  }

  packedFloats(field: number, values: ArrayLike<number>): void {
    const bytes = new Uint8Array(values.length * 4);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i] ?? 0, true);
    this.bytes(field, bytes);
  }

  packedVarints(field: number, values: ArrayLike<number>): void {
    const inner = new ProtobufWriter();
    for (let i = 0; i < values.length; i++) inner.#append(varintBytes(values[i] ?? 0));
    this.bytes(field, inner.finish());
  }

  finish(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let position = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, position);
      position += chunk.length;
    }
    return whole;
  }

  #tag(field: number, wireType: number): void {
    this.#append(varintBytes(field * 8 + wireType));
  }

  #append(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }
}

/** @throws RangeError for a negative or unsafe number: this format needs none. */
const varintBytes = (value: number): Uint8Array => {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`${value} is not a whole number of at least zero`);
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
};
