import { visitFields } from './metadata.ts';

/** The messages of ONNX that can hold a tensor, with the fields that lead on to one (onnx.proto). */
const WAYS = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
} as const satisfies Readonly<Record<string, Readonly<Record<number, string>>>>;

type Kind = keyof typeof WAYS | 'tensor';

/** TensorProto.external_data: entries of a key (1) and a value (2). */
const EXTERNAL_DATA = 13;

/**
 * The places from which a model would have weights read beside its own file. The runtime looks for them in the working
 * directory, and what it finds is in no hash: the same model would decide otherwise.
 * @throws MalformedModelError when the bytes are not a protobuf message; RangeError when they nest without end
 */
export const externalData = (bytes: Uint8Array, kind: Kind = 'model'): readonly string[] => {
  const found: string[] = [];
  visitFields(bytes, (field, content) => {
    if (kind === 'tensor') {
      if (field === EXTERNAL_DATA) found.push(...locationIn(content));
      return;
    }
    const next = (WAYS[kind] as Readonly<Record<number, Kind>>)[field];
    if (next !== undefined) found.push(...externalData(content, next));
  });
  return found;
};

const locationIn = (entry: Uint8Array): readonly string[] => {
  const parts = new Map<number, string>();
  visitFields(entry, (part, text) => parts.set(part, new TextDecoder().decode(text)));
  return parts.get(1) === 'location' ? [parts.get(2) ?? ''] : [];
};
