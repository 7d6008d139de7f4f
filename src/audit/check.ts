import type { EpochMs } from '../core/units.ts';

export type Verdict = 'PASS' | 'WARN' | 'FAIL';

export const DOMAINS = [
  'live data ingestion',
  'execution safety',
  'Guardian state',
  'capital protection',
  'test-phase history',
  'data drift',
  'crash recovery',
  'deployment security',
] as const;
export type Domain = (typeof DOMAINS)[number];

/** One check with what it was judged by. */
export interface Check {
  readonly domain: Domain;
  /** Stable: operators' notes and tests rely on it. */
  readonly name: string;
  readonly verdict: Verdict;
  /** What was found, with figures, and for a FAIL what would be right. One line. */
  readonly evidence: string;
}

export interface ReadinessReport {
  /** Wall time. */
  readonly at: EpochMs;
  readonly mode: string;
  /** Out of 100: a PASS counts whole, a WARN half. */
  readonly score: number;
  /** Whether nothing failed: what live asks for. */
  readonly ready: boolean;
  readonly checks: readonly Check[];
}

/** A check before its domain is known. */
export type Finding = Omit<Check, 'domain'>;

export const pass = (name: string, evidence: string): Finding => ({ name, verdict: 'PASS', evidence });
export const warn = (name: string, evidence: string): Finding => ({ name, verdict: 'WARN', evidence });
export const fail = (name: string, evidence: string): Finding => ({ name, verdict: 'FAIL', evidence });
