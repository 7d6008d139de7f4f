import type { Tree, TreeEnsemble } from '../gbdt/ensemble.ts';
import { ProtobufWriter } from './protobuf.ts';

/** What goes into the file beside the trees; read back by the loader and checked. docs/models.md is its contract. */
export interface ModelMetadata {
  readonly name: string;
  readonly purpose: 'demo' | 'trading' | 'fixture';
  readonly schemaHash: string;
  /** Fractions of the entry price. */
  readonly stop: number;
  readonly target: number;
  readonly horizonHours: number;
  /** Least expected value after costs, as a fraction of notional, at which the policy may trade. */
  readonly margin: number;
  readonly demonstratedEdge: boolean;
}

const FLOAT = 1;
const ATTRIBUTE = { int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const;
/** TensorProto.DataType.FLOAT */
const ELEMENT_FLOAT = FLOAT;
const IR_VERSION = 8;
const OPSET = 17;
const ML_OPSET = 3;

/**
 * An ONNX file: float32 `features` [N, featureCount] in, float32 `probability`
 * [N, 1] out, calibration inside the graph, everything the loader asks for in
 * metadata_props. The same arguments give the same bytes.
 */
export const encodeModel = (ensemble: TreeEnsemble, metadata: ModelMetadata): Uint8Array => {
  const model = new ProtobufWriter();
  model.varint(1, IR_VERSION);
  model.text(2, 'guardian-bot');
  model.text(3, '1');
  model.message(7, (graph) => writeGraph(graph, ensemble));
  model.message(8, (opset) => {
    opset.text(1, '');
    opset.varint(2, OPSET);
  });
  model.message(8, (opset) => {
    opset.text(1, 'ai.onnx.ml');
    opset.varint(2, ML_OPSET);
  });
  for (const [key, value] of metadataEntries(ensemble, metadata)) {
    model.message(14, (entry) => {
      entry.text(1, key);
      entry.text(2, value);
    });
  }
  return model.finish();
};

const metadataEntries = (ensemble: TreeEnsemble, metadata: ModelMetadata): [string, string][] => [
  ['format', 'guardian-model/1'],
  ['name', metadata.name],
  ['purpose', metadata.purpose],
  ['schemaHash', metadata.schemaHash],
  ['featureCount', String(ensemble.featureCount)],
  ['stop', String(metadata.stop)],
  ['target', String(metadata.target)],
  ['horizonHours', String(metadata.horizonHours)],
  ['margin', String(metadata.margin)],
  ['demonstratedEdge', String(metadata.demonstratedEdge)],
];

const writeGraph = (graph: ProtobufWriter, ensemble: TreeEnsemble): void => {
  graph.message(1, (node) => writeTrees(node, ensemble));
  writeOperator(graph, 'Mul', ['score', 'slope'], 'scaled');
  writeOperator(graph, 'Add', ['scaled', 'intercept'], 'logit');
  writeOperator(graph, 'Sigmoid', ['logit'], 'probability');
  graph.text(2, 'guardian');
  writeConstant(graph, 'slope', ensemble.calibration.slope);
  writeConstant(graph, 'intercept', ensemble.calibration.intercept);
  writeValueInfo(graph, 11, 'features', ['N', ensemble.featureCount]);
  writeValueInfo(graph, 12, 'probability', ['N', 1]);
};

const writeOperator = (graph: ProtobufWriter, operator: string, inputs: readonly string[], output: string): void =>
  graph.message(1, (node) => {
    for (const input of inputs) node.text(1, input);
    node.text(2, output);
    node.text(3, output);
    node.text(4, operator);
  });

/** An initializer of shape [1]. */
const writeConstant = (graph: ProtobufWriter, name: string, value: number): void =>
  graph.message(5, (tensor) => {
    tensor.packedVarints(1, [1]);
    tensor.varint(2, ELEMENT_FLOAT);
    tensor.packedFloats(4, [value]);
    tensor.text(8, name);
  });

const writeValueInfo = (
  graph: ProtobufWriter,
  field: number,
  name: string,
  shape: readonly (string | number)[],
): void =>
  graph.message(field, (info) => {
    info.text(1, name);
    info.message(2, (type) =>
      type.message(1, (tensor) => {
        tensor.varint(1, ELEMENT_FLOAT);
        tensor.message(2, (dimensions) => {
          for (const size of shape) {
            dimensions.message(1, (dimension) => {
              if (typeof size === 'string') dimension.text(2, size);
              else dimension.varint(1, size);
            });
          }
        });
      }),
    );
  });

/** The nodes of all trees side by side, as ai.onnx.ml.TreeEnsembleRegressor wants them. */
const writeTrees = (node: ProtobufWriter, ensemble: TreeEnsemble): void => {
  const nodes = {
    tree: [] as number[],
    id: [] as number[],
    feature: [] as number[],
    mode: [] as string[],
    threshold: [] as number[],
    left: [] as number[],
    right: [] as number[],
    missing: [] as number[],
  };
  const leaves = { tree: [] as number[], id: [] as number[], weight: [] as number[] };
  ensemble.trees.forEach((tree: Tree, t) => {
    for (let i = 0; i < tree.feature.length; i++) {
      const leaf = (tree.feature[i] ?? -1) < 0;
      nodes.tree.push(t);
      nodes.id.push(i);
      nodes.feature.push(leaf ? 0 : (tree.feature[i] ?? 0));
      nodes.mode.push(leaf ? 'LEAF' : 'BRANCH_LEQ');
      nodes.threshold.push(leaf ? 0 : (tree.threshold[i] ?? 0));
      nodes.left.push(leaf ? 0 : (tree.left[i] ?? 0));
      nodes.right.push(leaf ? 0 : (tree.right[i] ?? 0));
      nodes.missing.push(leaf ? 0 : (tree.missingLeft[i] ?? 0));
      if (!leaf) continue;
      leaves.tree.push(t);
      leaves.id.push(i);
      leaves.weight.push(tree.value[i] ?? 0);
    }
  });
  node.text(1, 'features');
  node.text(2, 'score');
  node.text(3, 'trees');
  node.text(4, 'TreeEnsembleRegressor');
  node.text(7, 'ai.onnx.ml');
  const ints = (name: string, values: readonly number[]): void =>
    writeAttribute(node, name, ATTRIBUTE.ints, (attribute) => attribute.packedVarints(8, values));
  const floats = (name: string, values: readonly number[]): void =>
    writeAttribute(node, name, ATTRIBUTE.floats, (attribute) => attribute.packedFloats(7, values));
  ints('nodes_treeids', nodes.tree);
  ints('nodes_nodeids', nodes.id);
  ints('nodes_featureids', nodes.feature);
  writeAttribute(node, 'nodes_modes', ATTRIBUTE.strings, (attribute) => {
    for (const mode of nodes.mode) attribute.text(9, mode);
  });
  floats('nodes_values', nodes.threshold);
  ints('nodes_truenodeids', nodes.left);
  ints('nodes_falsenodeids', nodes.right);
  ints('nodes_missing_value_tracks_true', nodes.missing);
  ints('target_treeids', leaves.tree);
  ints('target_nodeids', leaves.id);
  ints(
    'target_ids',
    leaves.id.map(() => 0),
  );
  floats('target_weights', leaves.weight);
  floats('base_values', [ensemble.base]);
  writeAttribute(node, 'n_targets', ATTRIBUTE.int, (attribute) => attribute.varint(3, 1));
  writeAttribute(node, 'aggregate_function', ATTRIBUTE.string, (attribute) => attribute.text(4, 'SUM'));
  writeAttribute(node, 'post_transform', ATTRIBUTE.string, (attribute) => attribute.text(4, 'NONE'));
};

const writeAttribute = (
  node: ProtobufWriter,
  name: string,
  type: number,
  write: (attribute: ProtobufWriter) => void,
): void =>
  node.message(5, (attribute) => {
    attribute.text(1, name);
    write(attribute);
    attribute.varint(20, type);
  });
