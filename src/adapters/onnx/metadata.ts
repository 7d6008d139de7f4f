/**
 * Reads the metadata_props of an ONNX file. The runtime's JavaScript face does
 * not give them out, so the few protobuf fields on the way are read here; what
 * does not parse is refused, never guessed.
 */
const METADATA_FIELD = 14;

/** A file that is not a protobuf message of the expected shape. */
export class MalformedModelError extends Error {
  override readonly name = 'MalformedModelError';
}

class Reader {
  readonly #bytes: Uint8Array;
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.position >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1, count = 0; count < 10; factor *= 128, count++) {
      const byte = this.#bytes[this.position++];
      if (byte === undefined) throw new MalformedModelError('the file ends inside a number');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new MalformedModelError('a number is longer than ten bytes');
  }

  block(length: number): Uint8Array {
    const end = this.position + length;
    if (end > this.#bytes.length) throw new MalformedModelError('the file ends inside a field');
    const block = this.#bytes.subarray(this.position, end);
    this.position = end;
    return block;
  }
}

/** Calls `visit` for each length-delimited field of a message and steps over the others. */
export const visitFields = (bytes: Uint8Array, visit: (field: number, content: Uint8Array) => void): void => {
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.varint();
    const field = Math.floor(tag / 8);
    if (field === 0) throw new MalformedModelError('field number 0');
    switch (tag % 8) {
      case 0:
        reader.varint();
        break;
      case 1:
        reader.block(8);
        break;
      case 2:
        visit(field, reader.block(reader.varint()));
        break;
      case 5:
        reader.block(4);
        break;
      default:
        throw new MalformedModelError(`wire type ${tag % 8}`);
    }
  }
};

/** Key and value pairs of the file's metadata. @throws MalformedModelError when the bytes are not a protobuf message */
export const readMetadata = (bytes: Uint8Array): Map<string, string> => {
  const entries = new Map<string, string>();
  visitFields(bytes, (field, content) => {
    if (field !== METADATA_FIELD) return;
    const parts = new Map<number, string>();
    visitFields(content, (part, text) => parts.set(part, new TextDecoder().decode(text)));
    entries.set(parts.get(1) ?? '', parts.get(2) ?? '');
  });
  return entries;
};
