import type { AccountDesk } from '../../adapters/exchange/account-desk.ts';
import type { Log } from '../../ports/log.ts';
import { inTime } from './account.ts';
import type { Base } from './base.ts';
import type { FailedGate } from './gates.ts';

/** The only coin in which Binance takes fees at a discount (Binance spot API, account/commission: discountAsset). */
const DISCOUNT_COIN = 'BNB';

/**
 * Fees that are paid in a coin which is traded as well come out of its position: what its stop covers is not there any
 * more, the exchange refuses the stop, and the books hold more than the account. A start with that is refused, and one
 * of which it is not known, where the coin that it can be is traded.
 */
export const feeCoinGates = async (
  { wall, config, log }: Pick<Base, 'wall' | 'config'> & { readonly log: Log },
  desk: Pick<AccountDesk, 'feesOf'>,
): Promise<readonly FailedGate[]> => {
  const refuse = (text: string): readonly FailedGate[] => [{ code: 'fee-coin', text }];
  // The switch is the account's, so that any market tells of it; of one that is not there nothing is to be told.
  for (const symbol of config.symbols) {
    const fees = await inTime({ wall }, () => desk.feesOf(symbol));
    if (fees === 'unlisted') continue;
    if (fees === null && !config.symbols.some((name) => name.startsWith(`${DISCOUNT_COIN}/`))) {
      log.warn({ symbol }, 'the exchange does not tell in which coin the account pays fees');
      return [];
    }
    if (fees === null)
      return refuse('the exchange does not tell in which coin the account pays fees; start again when it answers');
    const { coin } = fees;
    const traded = coin === null ? undefined : config.symbols.find((name) => name.startsWith(`${coin}/`));
    if (traded === undefined) return [];
    return refuse(
      `the account pays fees in ${coin}, which SYMBOLS trades as ${traded}: fees would come out of its position; switch off paying fees in ${coin} at the exchange, or leave ${traded} out`,
    );
  }
  return [];
};
