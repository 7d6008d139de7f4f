import type { EpochMs, Fraction, SymbolName } from '../core/units.ts';
import type { Caller, CommandOutcome, Role } from './operator.ts';

/**
 * The seam between commands (which know no messenger) and a messenger (which
 * knows no command). A command answers with a value; whoever carries it to a
 * person renders it.
 */

/** What a command does to safety. It decides how old a message may be and whether a button must confirm. */
export type CommandEffect =
  /** Looks only. */
  | 'read'
  /** Makes trading safer. Runs whatever its age, needs no confirmation, is idempotent. */
  | 'tighten'
  /** Loosens safety or moves money. Expires after 60 s of wall time; confirmed by a button. */
  | 'loosen'
  /** Changes neither: mutes, reconciles, makes a backup. Expires like `loosen`, needs no button. */
  | 'manage';

export type ReplyBlock =
  /** Plain sentences. */
  | { readonly kind: 'text'; readonly lines: readonly string[] }
  /** Label and value, aligned in a fixed-width face. */
  | { readonly kind: 'fields'; readonly rows: readonly (readonly [label: string, value: string])[] }
  /** Columns in a fixed-width face; at most about 34 characters wide in all. */
  | {
      readonly kind: 'table';
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
      readonly align: readonly ('left' | 'right')[];
    };

export interface ReplyButton {
  readonly label: string;
  /** The command to run as if typed by whoever presses, e.g. `/pnl 7d`. At most 60 bytes. */
  readonly command: string;
  /** Whether the answer replaces this message or comes as a new one. */
  readonly inPlace: boolean;
}

/** A question before a person may do something: what exactly will happen, and the deed itself. */
export interface ConfirmRequest {
  readonly kind: 'confirm';
  /** One line for each thing that will happen, with amounts. */
  readonly what: readonly string[];
  /** On the button: "Resume trading". */
  readonly label: string;
  /** Ask for a one-time code first, where one is configured. */
  readonly needsCode: boolean;
  /** Ask a second operator, where two approvals are configured. */
  readonly needsApproval: boolean;
  /** Runs at most once. It holds no more than what was shown. */
  action(caller: Caller): Promise<CommandOutcome>;
}

/** A question whose answer is the sender's next message in the same chat. */
export interface AskRequest {
  readonly kind: 'ask';
  readonly question: string;
  answer(text: string): Reply | Promise<Reply>;
}

export interface EquityPicture {
  readonly kind: 'equity';
  readonly title: string;
  readonly subtitle: string;
  readonly quote: string;
  /** Market time, equity and the fall from its peak as a fraction, oldest first. */
  readonly curve: readonly { readonly at: EpochMs; readonly equity: number; readonly drawdown: Fraction }[];
  readonly timeZone: string;
}

export interface CandlePicture {
  readonly kind: 'candles';
  readonly title: string;
  readonly subtitle: string;
  readonly symbol: SymbolName;
  readonly candles: readonly {
    readonly openTime: EpochMs;
    readonly open: number;
    readonly high: number;
    readonly low: number;
    readonly close: number;
  }[];
  readonly marks: readonly { readonly at: EpochMs; readonly price: number; readonly side: 'entry' | 'exit' }[];
  readonly lines: readonly { readonly price: number; readonly role: 'entry' | 'stop' | 'target' }[];
  readonly timeZone: string;
}

export type PictureSpec = EquityPicture | CandlePicture;

/** Draws off the caller's thread. */
export interface PictureRenderer {
  /** A PNG, 1200 x 900. @throws Error when it cannot be drawn in time. */
  render(spec: PictureSpec): Promise<Uint8Array>;
}

export interface ReplyDocument {
  readonly filename: string;
  readonly content: Uint8Array;
}

export interface Reply {
  /** First line, bold. */
  readonly title: string;
  readonly blocks: readonly ReplyBlock[];
  readonly buttons?: readonly (readonly ReplyButton[])[];
  readonly picture?: PictureSpec;
  readonly document?: ReplyDocument;
  readonly request?: ConfirmRequest | AskRequest;
  /** For the audit table: how it ended. Left out = `answered`. */
  readonly outcome?: string;
  /** Whether what was asked for was done, for scripts. Left out = yes, or nothing was to be done. */
  readonly ok?: boolean;
}

export interface CommandSpec {
  /** Lower case, without the slash. */
  readonly name: string;
  /** The least role that may use it. */
  readonly role: Role;
  readonly effect: CommandEffect;
  /** For people: `[today, 7d, 30d, all]`; empty = takes nothing. */
  readonly usage: string;
  /** One short sentence, for the menu and /help. */
  readonly description: string;
}

/** All commands behind one door. Roles are checked here once more, whoever calls. */
export interface CommandSet {
  /** What a role may use, in the order of the menu. */
  list(role: Role): readonly CommandSpec[];
  find(name: string): CommandSpec | undefined;
  /** Runs one. A wrong argument gives a helpful reply, not an error. @throws Error when the service fails. */
  run(name: string, argumentsText: string, caller: Caller): Promise<Reply>;
}

/**
 * A few small values that survive a restart: handled updates, used one-time codes, migrated chats. Durable when `set`
 * returns.
 */
export interface ChatMemory {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

/** A place to talk in. `threadId` is a forum topic; null = the whole chat. */
export interface ChatTarget {
  readonly chatId: number;
  readonly threadId: number | null;
}
