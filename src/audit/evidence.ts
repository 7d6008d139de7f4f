import type { Limits } from '../core/risk/limits.ts';
import type { EpochMs, Fraction, Milliseconds } from '../core/units.ts';
import type { PhaseRecord } from './phase-record.ts';

/**
 * What the audit judges by: plain facts, gathered by whoever can reach them. Null is "not known", which no
 * check takes for good.
 */

/** A drill as the audit table has it. */
export interface DrillRecord {
  readonly name: string;
  /** Wall time. */
  readonly at: EpochMs;
  readonly passed: boolean;
  readonly text: string;
}

/** What a database of a test phase (or the mode's own) says; or why it says nothing. */
export type Phase =
  /** `exists`: there is something at its path, which could not be read. */
  | { readonly status: 'missing'; readonly why: string; readonly exists: boolean }
  | {
      readonly status: 'read';
      readonly path: string;
      readonly mode: string;
      /** Whether it was read from its oldest entry; else from its newest snapshot. */
      readonly whole: boolean;
      readonly record: PhaseRecord;
      readonly drills: readonly DrillRecord[];
    };

export interface ConfigFacts {
  readonly mode: string;
  readonly symbols: readonly string[];
  readonly limits: Limits;
  readonly acceptNoEdge: boolean;
  readonly operators: number;
  readonly telegramToken: boolean;
  /** Address of the Bot API when token and commands go there in the clear; null when they do not. */
  readonly telegramInTheClear: string | null;
  /** The same of the exchange's. */
  readonly exchangeInTheClear: string | null;
  readonly webhook: boolean;
  readonly heartbeat: boolean;
  readonly totp: boolean;
  readonly dashboardHost: string;
}

export interface ModelFacts {
  readonly name: string;
  readonly hash: string;
  readonly demonstratedEdge: boolean;
}

export interface ExchangeFacts {
  /** Why it could not be reached, or null. */
  readonly fault: string | null;
  /** Exchange minus local clock; null = not measured. */
  readonly skew: Milliseconds | null;
  /** null = no key, or it could not be asked. */
  readonly account: { readonly canTrade: boolean; readonly equity: number | null } | null;
  readonly rights: {
    readonly trading: boolean;
    readonly withdrawals: boolean;
    readonly beyondSpot: boolean;
    readonly ipRestricted: boolean;
  } | null;
  /** Why account or rights are not known; null when they are. */
  readonly accountFault: string | null;
}

export interface FileFacts {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
}

export interface HostFacts {
  /** Effective user of the process. */
  readonly uid: number;
  readonly user: string;
  /** `.env`, when there is one. */
  readonly envFile: FileFacts | null;
  /** Whether this process takes any certificate for that of whom it talks to. */
  readonly anyCertificate: boolean;
  /** Databases of the configuration that exist, with what lies beside them. */
  readonly databases: readonly FileFacts[];
  readonly freeBytes: number;
  /** Newest backup, and whether it opens; null = none. */
  readonly backup: { readonly path: string; readonly at: EpochMs; readonly fault: string | null } | null;
}

export interface Evidence {
  /** Wall time. */
  readonly at: EpochMs;
  /** Of the program that gathers. */
  readonly engineVersion: string;
  readonly config: ConfigFacts;
  readonly model: ModelFacts | null;
  /** Why there is no model; null when there is one. */
  readonly modelFault: string | null;
  /** The dry run, the testnet week and the database of the mode itself. */
  readonly paper: Phase;
  readonly testnet: Phase;
  readonly own: Phase;
  readonly exchange: ExchangeFacts;
  readonly host: HostFacts;
}

/** A share of something as people write it. */
export const percent = (fraction: Fraction): string => `${(fraction * 100).toFixed(1)} %`;
