import { HOUR_MS } from '../../core/units.ts';
import type { DrillRecord, Evidence, Phase } from '../evidence.ts';

/** Phases that could be read, with their names. */
export const readPhases = ({ paper, testnet, own }: Evidence): readonly { readonly name: string; readonly phase: Extract<Phase, { status: 'read' }> }[] => {
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

/** The newest passed drill of a name, in any phase or in the given one. */
export const passedDrill = (phases: readonly Phase[], name: string): DrillRecord | null => {
  const drills = phases.flatMap((phase) => (phase.status === 'read' ? phase.drills : [])).filter((drill) => drill.name === name && drill.passed);
  return drills.sort((a, b) => b.at - a.at)[0] ?? null;
};

/** "2026-11-20 14:05" */
export const when = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

/** "12.5 h", "7.0 days" */
export const span = (hours: number): string => (hours < 48 ? `${hours.toFixed(1)} h` : `${(hours / 24).toFixed(1)} days`);

export const spanOf = (from: number, to: number): string => span((to - from) / HOUR_MS);
