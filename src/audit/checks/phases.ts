import { utcMinute } from '../../core/words.ts';
import { HOUR_MS } from '../../core/units.ts';
import type { DrillRecord, Evidence, Phase } from '../evidence.ts';
import type { Run } from '../phase-record.ts';

/** Phases that could be read, with their names. */
export const readPhases = ({
  paper,
  testnet,
  own,
}: Evidence): readonly { readonly name: string; readonly phase: Extract<Phase, { status: 'read' }> }[] => {
  const all = [
    { name: 'paper', phase: paper },
    { name: 'testnet', phase: testnet },
    { name: 'own', phase: own },
  ];
  const seen = new Set<string>();
  return all.flatMap(({ name, phase }) => {
    if (phase.status !== 'read' || seen.has(phase.path)) return [];
    seen.add(phase.path);
    return [{ name: name === 'own' ? phase.mode : name, phase }];
  });
};

const drillsOf = (phases: readonly Phase[], name: string, counted: boolean): readonly DrillRecord[] =>
  phases
    .flatMap((phase) =>
      phase.status === 'read'
        ? phase.drills.filter(
            (drill) => drill.name === name && drill.passed && isWithin(phase.record.runs, drill) === counted,
          )
        : [],
    )
    .sort((a, b) => b.at - a.at);

const isWithin = (runs: readonly Run[], { at }: DrillRecord): boolean =>
  runs.some(({ from, to }) => from <= at && at <= to);

/** The newest passed drill of a name, in any of these phases, with this model and these limits. */
export const passedDrill = (phases: readonly Phase[], name: string): DrillRecord | null =>
  drillsOf(phases, name, true)[0] ?? null;

/** What is to be said of a drill that is missing, where one was passed at another time. */
export const uncountedDrill = (phases: readonly Phase[], name: string): string => {
  const [other] = drillsOf(phases, name, false);
  return other === undefined
    ? ''
    : ` (that of ${utcMinute(other.at)} does not count: it was with another model or other limits, or no journal bears it out)`;
};

/** "12.5 h", "7.0 days" */
export const span = (hours: number): string =>
  hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`;

export const spanOf = (from: number, to: number): string => span((to - from) / HOUR_MS);
