import { randomUUID } from 'node:crypto';
import type { ControlEnd, ControlRequest } from '../../adapters/control/protocol.ts';
import { SECOND_MS, type EpochMs, type Milliseconds } from '../../core/units.ts';
import type { AskRequest, CommandSet, ConfirmRequest, Reply, ReplyBlock } from '../../ports/chat.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Caller, OperatorService } from '../../ports/operator.ts';

/** A question that nobody has answered for this long is forgotten, as in the chat. */
const QUESTION_LIFETIME: Milliseconds = 120 * SECOND_MS;
const MOST_QUESTIONS = 20;

interface Pending {
  readonly command: string;
  readonly request: ConfirmRequest | AskRequest;
  /** By the wall's clock, and by one that nobody sets back: old by either is old. */
  readonly until: EpochMs;
  readonly untilMonotonic: Milliseconds;
}

export interface ControlDesk {
  command(request: Extract<ControlRequest, { kind: 'command' | 'answer' }>): Promise<ControlEnd>;
}

/**
 * The chat's commands for whoever owns the control socket. Being on the server stands for the code and the second
 * operator.
 */
export const createControlDesk = (options: {
  readonly commands: CommandSet;
  readonly service: Pick<OperatorService, 'audit'>;
  readonly clock: Clock;
  readonly log: Log;
}): ControlDesk => {
  const { commands, service, clock, log } = options;
  const pending = new Map<string, Pending>();

  const audit = (caller: Caller, command: string, words: string, outcome: string): void =>
    service.audit({ at: clock.wallNow(), caller, chatId: null, command, arguments: words, outcome });

  /** What is done already, or only looked at, does not fail for want of a row. */
  const note = (...row: Parameters<typeof audit>): void => {
    try {
      audit(...row);
    } catch (error) {
      log.error({ command: row[1], error }, 'audit row not written');
    }
  };

  const isOver = ({ until, untilMonotonic }: Pending): boolean =>
    until < clock.wallNow() || untilMonotonic < clock.monotonicNow();

  const ask = (command: string, request: ConfirmRequest | AskRequest): NonNullable<ControlEnd['question']> => {
    for (const [nonce, question] of pending)
      if (isOver(question) || pending.size >= MOST_QUESTIONS) pending.delete(nonce);
    const nonce = randomUUID();
    pending.set(nonce, {
      command,
      request,
      until: clock.wallNow() + QUESTION_LIFETIME,
      untilMonotonic: clock.monotonicNow() + QUESTION_LIFETIME,
    });
    return {
      nonce,
      text: request.kind === 'confirm' ? `${request.label}?` : request.question,
      confirms: request.kind === 'confirm',
    };
  };

  const told = (command: string, reply: Reply): ControlEnd => {
    const { request, title, blocks } = reply;
    const what = request?.kind === 'confirm' ? request.what : [];
    // A terminal shows no picture; the database is beside it.
    const only =
      reply.document === undefined
        ? []
        : ['The file itself is sent in the chat only; the database beside this socket holds the same rows.'];
    const refused = reply.ok === false || /^(refused|wrong|not available)/.test(reply.outcome ?? '');
    return {
      kind: 'end',
      ok: !refused,
      lines: [title, ...blocks.flatMap(blockLines), ...only, ...what],
      question: request === undefined ? null : ask(command, request),
    };
  };

  const run = async (name: string, words: string, caller: Caller): Promise<ControlEnd> => {
    if (commands.find(name) === undefined) {
      const names = commands.list('operator').map((command) => command.name);
      return {
        kind: 'end',
        ok: false,
        lines: [`there is no command ${name}; there are ${names.join(', ')}`],
        question: null,
      };
    }
    try {
      const reply = await commands.run(name, words, caller);
      note(caller, name, words, reply.outcome ?? 'answered');
      return told(name, reply);
    } catch (error) {
      note(caller, name, words, 'failed');
      throw error;
    }
  };

  const answer = async (nonce: string, text: string, caller: Caller): Promise<ControlEnd> => {
    const question = pending.get(nonce);
    pending.delete(nonce);
    if (question === undefined || isOver(question))
      return { kind: 'end', ok: false, lines: ['the question has expired; begin again'], question: null };
    const { command, request } = question;
    if (request.kind === 'ask') {
      const reply = await request.answer(text);
      note(caller, command, '(answer)', reply.outcome ?? 'answered');
      return told(command, reply);
    }
    if (text !== 'yes') {
      note(caller, command, '', 'cancelled');
      return { kind: 'end', ok: false, lines: ['not confirmed: nothing was done'], question: null };
    }
    // As in the chat: what loosens safety is on record before it is done, or it is not done.
    audit(caller, command, request.what.join(' | '), 'confirmed');
    const outcome = await request.action(caller);
    note(caller, command, '', outcome.code);
    return { kind: 'end', ok: outcome.ok, lines: [outcome.text], question: null };
  };

  return {
    command: (request) => {
      const caller: Caller = {
        userId: 0,
        name: request.user === '' ? 'guardian ctl' : `${request.user} (ctl)`,
        role: 'operator',
        via: 'control-socket',
      };
      return request.kind === 'command'
        ? run(request.name, request.arguments, caller)
        : answer(request.nonce, request.text, caller);
    },
  };
};

/** Blocks as lines of a terminal. */
const blockLines = (block: ReplyBlock): readonly string[] => {
  switch (block.kind) {
    case 'text':
      return block.lines;
    case 'fields': {
      const width = Math.max(0, ...block.rows.map(([label]) => label.length));
      return block.rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`.trimEnd());
    }
    case 'table': {
      const rows = [block.head, ...block.rows];
      const widths = block.head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
      return rows.map((row) =>
        row
          .map((cell, column) =>
            block.align[column] === 'right' ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
          )
          .join('  ')
          .trimEnd(),
      );
    }
  }
};
