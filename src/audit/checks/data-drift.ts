import { fail, pass, warn, type Finding } from '../check.ts';
import type { Evidence } from '../evidence.ts';
import { readPhases } from './phases.ts';

/** Population stability index of the prediction above which it locks (PRODUCT section 7). */
const DRIFT_LIMIT = 0.25;

/** Data drift: does the model fit the program and the market of today, and has it an edge? */
export const dataDrift = (evidence: Evidence): readonly Finding[] => [
  modelLoads(evidence),
  edge(evidence),
  drift(evidence),
];

const modelLoads = ({ model, modelFault }: Evidence): Finding =>
  model === null
    ? fail('model-loads', modelFault ?? 'there is no model')
    : pass('model-loads', `${model.name} (${model.hash.slice(0, 12)}) fits the features and the limits`);

const edge = ({ model, config }: Evidence): Finding => {
  if (model === null) return fail('demonstrated-edge', 'there is no model');
  if (model.demonstratedEdge)
    return pass('demonstrated-edge', "the model's card shows an edge after costs, out of sample");
  return config.acceptNoEdge
    ? warn('demonstrated-edge', "the model's card shows no edge; ACCEPT_NO_EDGE=true takes that on")
    : fail(
        'demonstrated-edge',
        "the model's card shows no edge after costs: use a better one, or set ACCEPT_NO_EDGE=true to trade without one",
      );
};

const drift = (evidence: Evidence): Finding => {
  const measured = readPhases(evidence).flatMap(({ name, phase }) =>
    phase.record.drift === null ? [] : [{ name, value: phase.record.drift }],
  );
  if (measured.length === 0) return warn('prediction-drift', 'not measured yet: it takes 500 hours');
  const text = `drift of the prediction: ${measured.map(({ name, value }) => `${name} ${value.toFixed(3)}`).join(', ')}`;
  return measured.some(({ value }) => !(value <= DRIFT_LIMIT))
    ? fail('prediction-drift', `${text}; at most ${DRIFT_LIMIT}: retrain`)
    : pass('prediction-drift', text);
};
