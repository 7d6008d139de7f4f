import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnx } from 'onnx-proto';
import { afterAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../src/adapters/onnx/load-model.ts';
import { ModelLoadError } from '../../src/adapters/onnx/model-error.ts';
import { FEATURE_COUNT, FEATURE_SCHEMA_HASH } from '../../src/core/features/catalogue.ts';
import {
  encodeConstantModel,
  writeConstantModel,
  type ConstantModelOptions,
} from '../../src/research/onnx/constant-model.ts';

const root = mkdtempSync(join(tmpdir(), 'models-'));
afterAll(() => rmSync(root, { recursive: true }));

const EXPECTED = {
  schemaHash: FEATURE_SCHEMA_HASH,
  featureCount: FEATURE_COUNT,
  stop: 0.015,
  target: 0.03,
  horizonHours: 24,
};
let made = 0;
const directoryOf = (content: Uint8Array | string): string => {
  const directory = join(root, String(made++));
  mkdirSync(directory);
  writeFileSync(join(directory, 'model.onnx'), content);
  return directory;
};
const constant = (options: Partial<ConstantModelOptions> = {}): string =>
  directoryOf(encodeConstantModel({ probability: 0.9, ...options }));
/** The trees, then Mul, Add and Sigmoid. */
const nodeOf = (model: onnx.ModelProto, index: number): onnx.INodeProto => model.graph?.node?.[index] ?? {};
/** A model whose protobuf was changed after it was written. */
const edited = (edit: (model: onnx.ModelProto) => void): string => {
  const model = onnx.ModelProto.decode(encodeConstantModel({ probability: 0.9 }));
  edit(model);
  return directoryOf(onnx.ModelProto.encode(model).finish());
};

describe('loading a model', () => {
  it('answers the constant it was written with, for known and unknown features', async () => {
    const directory = join(root, 'new', 'constant');
    const path = writeConstantModel(directory, { probability: 0.9 });
    const model = await loadModel(directory, EXPECTED);
    expect(await model.predict(new Float32Array(FEATURE_COUNT))).toBeCloseTo(0.9, 6);
    expect([...(await model.predictBatch(new Float32Array(3 * FEATURE_COUNT).fill(Number.NaN)))]).toHaveLength(3);
    expect(await model.predictBatch(new Float32Array(0))).toHaveLength(0);
    expect(model.description).toMatchObject({
      name: 'constant-0.9',
      purpose: 'fixture',
      margin: 0.001,
      demonstratedEdge: false,
      schemaHash: FEATURE_SCHEMA_HASH,
    });
    expect(readFileSync(path)).toHaveLength(encodeConstantModel({ probability: 0.9 }).length);
    await model.close();
    await model.close();
    await expect(model.predict(new Float32Array(FEATURE_COUNT))).rejects.toThrow(/is closed/);
  });

  it('refuses rows of another length', async () => {
    const model = await loadModel(constant(), EXPECTED);
    await expect(model.predict(new Float32Array(3))).rejects.toThrow(/3 features given; the model takes/);
    await expect(model.predictBatch(new Float32Array(FEATURE_COUNT + 1))).rejects.toThrow(/are not rows of/);
    await model.close();
  });

  it('takes two class columns, as other exporters write them', async () => {
    // Sigmoid twice over: 1 - p and p would need more nodes; two equal columns show which one is read.
    const directory = edited((model) => {
      const trees = nodeOf(model, 0);
      trees.attribute?.forEach((attribute) => {
        if (attribute.name === 'n_targets') attribute.i = 2;
        if (attribute.name === 'target_ids') attribute.ints = [0, 1];
        if (attribute.name === 'target_treeids' || attribute.name === 'target_nodeids') attribute.ints = [0, 0];
        if (attribute.name === 'target_weights') attribute.floats = [-1, 1];
        if (attribute.name === 'base_values') attribute.floats = [0, 0];
      });
      const shape = model.graph?.output?.[0]?.type?.tensorType?.shape?.dim?.[1];
      if (shape) shape.dimValue = 2;
    });
    const model = await loadModel(directory, EXPECTED);
    expect(await model.predict(new Float32Array(FEATURE_COUNT))).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
    await model.close();
  });

  it('reads the first output in the order of the graph, whatever the outputs are called', async () => {
    // Exporters that number their tensors give names such as "52" and "48": as keys of an object they would come in
    // order of size.
    const directory = edited((model) => {
      nodeOf(model, 3).output = ['52'];
      model.graph?.node?.push({ opType: 'Mul', input: ['52', '52'], output: ['48'] });
      const [first] = model.graph?.output ?? [];
      if (model.graph && first)
        model.graph.output = [
          { ...first, name: '52' },
          { ...first, name: '48' },
        ];
    });
    const model = await loadModel(directory, EXPECTED);
    expect(await model.predict(new Float32Array(FEATURE_COUNT))).toBeCloseTo(0.9, 6);
    await model.close();
  });

  it('refuses weights outside its file, wherever in the graph: the runtime finds them in the working directory, and no hash knows them', async () => {
    const weights = (): onnx.TensorProto =>
      onnx.TensorProto.create({
        name: 'weights',
        dims: [FEATURE_COUNT, 1] as never,
        dataType: 1,
        dataLocation: 1,
        externalData: [
          { key: 'location', value: 'weights.bin' },
          { key: 'offset', value: '0' },
        ],
      });
    const within =
      (attribute: onnx.IAttributeProto): ((model: onnx.ModelProto) => void) =>
      (model) =>
        void model.graph?.node?.push({
          opType: 'Constant',
          output: ['unused'],
          attribute: [{ name: 'value', ...attribute }],
        });
    const edits: readonly ((model: onnx.ModelProto) => void)[] = [
      // This one would run: features without the unknown ones, times the weights, through the sigmoid.
      (model) => {
        const { graph } = model;
        if (!graph) return;
        graph.node = [
          { opType: 'IsNaN', input: ['features'], output: ['unknown'] },
          { opType: 'Where', input: ['unknown', 'zero', 'features'], output: ['known'] },
          { opType: 'MatMul', input: ['known', 'weights'], output: ['logit'] },
          { opType: 'Sigmoid', input: ['logit'], output: ['probability'] },
        ];
        graph.initializer = [weights(), { name: 'zero', dims: [1] as never, dataType: 1, floatData: [0] }];
      },
      within({ type: 4, t: weights() }),
      within({ type: 9, tensors: [weights()] }),
      within({ type: 5, g: { name: 'inner', initializer: [weights()] } }),
      within({
        type: 10,
        graphs: [
          { name: 'inner', node: [{ opType: 'Constant', attribute: [{ name: 'value', type: 4, t: weights() }] }] },
        ],
      }),
      (model) => void (model.graph && (model.graph.sparseInitializer = [{ values: weights() }])),
      within({ type: 11, sparseTensor: { values: weights() } }),
      within({ type: 12, sparseTensors: [{ indices: weights() }] }),
      (model) => void (model.trainingInfo = [{ initialization: { name: 'before', initializer: [weights()] } }]),
      (model) => void (model.trainingInfo = [{ algorithm: { name: 'step', initializer: [weights()] } }]),
      (model) =>
        void (model.functions = [
          { name: 'of its own', node: [{ opType: 'Constant', attribute: [{ name: 'value', type: 4, t: weights() }] }] },
        ]),
    ];
    const here = process.cwd();
    const there = mkdtempSync(join(root, 'working-'));
    writeFileSync(join(there, 'weights.bin'), new Uint8Array(new Float32Array(FEATURE_COUNT).fill(0.02).buffer));
    process.chdir(there);
    try {
      for (const edit of edits)
        await expect(loadModel(edited(edit), EXPECTED)).rejects.toThrow(
          /has weights in another file \("weights\.bin"\), which its hash does not cover; export it again as one file/,
        );
    } finally {
      process.chdir(here);
    }
  });

  it.each([
    ['a missing file', () => join(root, 'nowhere'), 'missing', /does not exist; train one, or set MODEL_DIR/],
    [
      'a directory in place of the file',
      () => (mkdirSync(join(root, 'dir', 'model.onnx'), { recursive: true }), join(root, 'dir')),
      'unreadable',
      /can't be read \(EISDIR\)/,
    ],
    [
      'a text file',
      () => directoryOf('this is not a model at all, it is a sentence'),
      'unreadable',
      /is not an ONNX file/,
    ],
    [
      'a file cut short',
      () => directoryOf(encodeConstantModel({ probability: 0.9 }).slice(0, 400)),
      'unreadable',
      /is not an ONNX file/,
    ],
    [
      'a graph the runtime can not run',
      () => edited((model) => void (nodeOf(model, 1).opType = 'NoSuchThing')),
      'unreadable',
      /is not an ONNX model this runtime can run/,
    ],
    [
      'another feature schema',
      () => constant({ schemaHash: 'ab'.repeat(32) }),
      'schema',
      /was trained on feature schema abababababab .*: retrain/,
    ],
    ['another number of features', () => constant({ featureCount: 7 }), 'schema', /with 7 features; .*: retrain/],
    [
      'another stop',
      () => constant({ stop: 0.02 }),
      'barriers',
      /stop 0.02, but STOP_LOSS is 0.015: retrain, or set STOP_LOSS=0.02/,
    ],
    [
      'another horizon',
      () => constant({ horizonHours: 12 }),
      'barriers',
      /HORIZON_HOURS is 24: retrain, or set HORIZON_HOURS=12/,
    ],
    [
      'a demo model in another mode',
      () => constant({ purpose: 'demo' }),
      'purpose',
      /is a demo model; this mode takes trading or fixture/,
    ],
    [
      'an unknown purpose',
      () => edited((model) => void ((model.metadataProps[2] ?? {}).value = 'fun')),
      'metadata',
      /says purpose is "fun"; it should be demo, trading, fixture/,
    ],
    [
      'missing metadata',
      () =>
        edited((model) => void (model.metadataProps = model.metadataProps.filter((entry) => entry.key !== 'margin'))),
      'metadata',
      /has no margin in its metadata/,
    ],
    [
      'no metadata at all',
      () => edited((model) => void (model.metadataProps = [])),
      'metadata',
      /has no name in its metadata/,
    ],
    [
      'a stop that is no fraction',
      () => constant({ stop: 1.5 }),
      'metadata',
      /says stop is "1.5"; it should be a fraction between 0 and 1/,
    ],
    [
      'an answer above one',
      () => edited((model) => void (nodeOf(model, 3).opType = 'Exp')),
      'answer',
      /answers (9|9\.\d+|8\.9\d+), which is not a probability/,
    ],
    [
      'an answer that is not a number',
      () =>
        edited((model) => {
          nodeOf(model, 3).opType = 'Sqrt';
          Object.assign(model.graph?.initializer?.[1] ?? {}, { floatData: [-9] });
        }),
      'answer',
      /answers NaN/,
    ],
    [
      'a graph for another number of features than its metadata says',
      () => edited((model) => void ((model.graph?.input?.[0]?.type?.tensorType?.shape?.dim?.[1] ?? {}).dimValue = 5)),
      'shape',
      /can't answer \d+ features/,
    ],
  ] as const)('refuses %s in one line', async (_, make, fault, message) => {
    const failure = await loadModel(make(), { ...EXPECTED, purposes: ['trading', 'fixture'] }).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ModelLoadError);
    expect((failure as ModelLoadError).message).toMatch(message);
    expect((failure as ModelLoadError).fault).toBe(fault);
    expect((failure as ModelLoadError).message).not.toContain('\n');
  });
});
