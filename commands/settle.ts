import type { SettleRequest } from '../src/ports/operator-tools.ts';
import { defineToolCommand, type Parsed } from './support/command.ts';

const parse = (text: string): Parsed<SettleRequest | null> => {
  if (text === '') return { ok: true, value: null };
  const [, orderId, claim, price = null] =
    /^([A-Za-z0-9._:/-]{1,64})\s+(filled|gone)(?:\s+(\d{1,12}(?:\.\d{1,12})?))?$/i.exec(text) ?? [];
  if (orderId === undefined || claim === undefined)
    return { ok: false, help: 'takes the id of an order and what became of it, filled or gone' };
  if (claim.toLowerCase() === 'gone')
    return price === null
      ? { ok: true, value: { orderId, claim: 'gone', price } }
      : { ok: false, help: 'takes no price for an order that is gone' };
  return { ok: true, value: { orderId, claim: 'filled', price } };
};

export const settle = defineToolCommand({
  name: 'settle',
  role: 'operator',
  effect: 'loosen',
  usage: '[<order> <filled|gone> [price]]',
  description: 'Settle an order the exchange never answers for (asks first)',
  example: '/settle gb-4f2a-17 gone',
  parse,
  run: async (_context, tools, request) => {
    if (request === null) {
      const lines = tools.unsettled();
      return lines.length === 0
        ? { title: 'No order has an unknown outcome', blocks: [], outcome: 'nothing to do' }
        : {
            title: 'Orders with an unknown outcome',
            blocks: [
              {
                kind: 'text',
                lines: [...lines, 'Look each up at the exchange, then /settle <order> filled or /settle <order> gone.'],
              },
            ],
          };
    }
    const { what, refusal, shown } = await tools.settlePreview(request);
    if (refusal !== null) return { title: 'Refused', blocks: [{ kind: 'text', lines: [refusal] }], outcome: 'refused' };
    return {
      title: `Settle as ${request.claim}?`,
      blocks: [],
      request: {
        kind: 'confirm',
        what,
        label: `It is ${request.claim}`,
        needsCode: true,
        needsApproval: true,
        action: async (caller) => tools.settle(caller, request, shown),
      },
      outcome: 'asked',
    };
  },
});
