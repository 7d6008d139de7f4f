import type { CommandEffect, CommandSpec, Reply } from '../../src/ports/chat.ts';
import type { Caller, CommandOutcome, OperatorService, Role } from '../../src/ports/operator.ts';
import { firstSentence } from '../../src/core/words.ts';
import type { OperatorTools } from '../../src/ports/operator-tools.ts';
import type { Times } from './format.ts';

/** What every command is given. */
export interface CommandContext {
  readonly service: OperatorService;
  /** Null where they are not wired: then no command that needs them is listed. */
  readonly tools: OperatorTools | null;
  readonly caller: Caller;
  readonly times: Times;
  /** The commands the caller may use, in the order of the menu. */
  readonly menu: readonly CommandSpec[];
}

/** A reading of the words after a command: a value, or what would have been right. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly help: string };

export type ArgumentParser<Value> = (text: string) => Parsed<Value>;

export interface CommandDefinition<Value> {
  readonly name: string;
  readonly role: Role;
  readonly effect: CommandEffect;
  readonly usage: string;
  readonly description: string;
  /** Shown under a wrong argument. */
  readonly example: string;
  readonly parse: ArgumentParser<Value>;
  run(context: CommandContext, value: Value): Reply | Promise<Reply>;
}

/** A command whose argument type is sealed inside, so that all fit one list. */
export interface Command extends CommandSpec {
  readonly needsTools: boolean;
  execute(context: CommandContext, argumentsText: string): Promise<Reply>;
}

/** Makes a command: a wrong argument becomes an answer that shows the right form. */
export const defineCommand = <Value>(definition: CommandDefinition<Value>): Command => {
  const { name, role, effect, usage, description, example, parse, run } = definition;
  return {
    name,
    role,
    effect,
    usage,
    description,
    needsTools: false,
    execute: async (context, argumentsText) => {
      const parsed = parse(argumentsText.trim());
      if (parsed.ok) return run(context, parsed.value);
      return {
        title: `/${name}: ${parsed.help}`,
        blocks: [{ kind: 'text', lines: [`Right is: /${name} ${usage}`.trimEnd(), `For example: ${example}`] }],
        outcome: 'wrong argument',
      };
    },
  };
};

export interface ToolCommandDefinition<Value> extends Omit<CommandDefinition<Value>, 'run'> {
  run(context: CommandContext, tools: OperatorTools, value: Value): Reply | Promise<Reply>;
}

/** A command that needs the operator's tools. */
export const defineToolCommand = <Value>(definition: ToolCommandDefinition<Value>): Command => ({
  ...defineCommand<Value>({
    ...definition,
    run: (context, value) => {
      if (context.tools === null)
        return { title: `/${definition.name} is not available here`, blocks: [], outcome: 'not available' };
      return definition.run(context, context.tools, value);
    },
  }),
  needsTools: true,
});

/** How a deed ended, its first sentence as the title: one beside it would say the same twice. */
export const toldReply = (sign: string, { ok, code, text }: CommandOutcome, ...more: readonly string[]): Reply => {
  const [first, rest] = firstSentence(text);
  return {
    title: `${sign} ${first}`,
    blocks: [{ kind: 'text', lines: [...(rest === '' ? [] : [rest]), ...more] }],
    outcome: code,
    ok,
  };
};

/**
 * A reply of one line, for how a deed ended. `failed`: for what nobody refuses, and what does not succeed all the same.
 */
export const outcomeReply = (title: string, outcome: CommandOutcome, failed = 'Refused'): Reply => ({
  title: outcome.ok ? title : failed,
  blocks: [{ kind: 'text', lines: [outcome.text] }],
  outcome: outcome.code,
  ok: outcome.ok,
});
