import type { EpochMs, Fraction, SymbolName } from '../../core/units.ts';
import type { Read } from '../../ports/venue.ts';
import { accountIdentityAnswer, checkAnswer, commissionAnswer, keyRightsAnswer, orderHeadsAnswer } from './answers.ts';
import type { Client } from './client.ts';
import { exchangeId } from './instruments.ts';

export interface AccountIdentity {
  /** The exchange's own number of the account: it stays when the key is changed. */
  readonly uid: string;
  readonly canTrade: boolean;
  /** null = not stated. */
  readonly takerFee: Fraction | null;
}

export interface KeyRights {
  readonly trading: boolean;
  /** Withdrawals or transfers out of the account. */
  readonly withdrawals: boolean;
  /** Margin, futures or options: more can be lost with these than the account holds. The bot needs none of them. */
  readonly beyondSpot: boolean;
  readonly ipRestricted: boolean;
}

/** An order of the account's history, whoever placed it. */
export interface OrderHead {
  readonly clientOrderId: string;
  readonly at: EpochMs;
}

/** Questions about the account itself. */
export interface AccountDesk {
  identity(): Promise<Read<AccountIdentity>>;
  /** What the API key may do. The sandbox does not answer this. */
  keyRights(): Promise<Read<KeyRights>>;
  /** `coin`: in which the account pays fees as long as it has some of it; null = out of what is traded. */
  feesOf(symbol: SymbolName): Promise<Read<{ readonly coin: string | null }>>;
  /** The newest orders of a symbol, open and closed, at most a thousand. */
  recentOrders(symbol: SymbolName): Promise<Read<readonly OrderHead[]>>;
}

const PAGE = 1_000;

export const createAccountDesk = (client: Client): AccountDesk => ({
  identity: async () => {
    const answer = checkAnswer(
      'account',
      accountIdentityAnswer,
      await client.call('account', { omitZeroBalances: 'true' }),
    );
    if (!answer.ok) return answer;
    const { uid, canTrade, commissionRates } = answer.value;
    return { ok: true, value: { uid, canTrade, takerFee: commissionRates?.taker ?? null } };
  },
  keyRights: async () => {
    const answer = checkAnswer('rights of the key', keyRightsAnswer, await client.call('keyRights', {}));
    if (!answer.ok) return answer;
    const rights = answer.value;
    const withdrawals =
      rights.enableWithdrawals || rights.enableInternalTransfer === true || rights.permitsUniversalTransfer === true;
    const beyondSpot = [
      rights.enableMargin,
      rights.enableFutures,
      rights.enableVanillaOptions,
      rights.enablePortfolioMarginTrading,
    ].includes(true);
    return {
      ok: true,
      value: { trading: rights.enableSpotAndMarginTrading, withdrawals, beyondSpot, ipRestricted: rights.ipRestrict },
    };
  },
  feesOf: async (symbol) => {
    const answer = checkAnswer(
      `fees of ${symbol}`,
      commissionAnswer,
      await client.call('commission', { symbol: exchangeId(symbol) }),
    );
    if (!answer.ok) return answer;
    const { enabledForAccount, discountAsset } = answer.value.discount;
    return { ok: true, value: { coin: enabledForAccount ? discountAsset : null } };
  },
  recentOrders: async (symbol) => {
    const answer = checkAnswer(
      `orders of ${symbol}`,
      orderHeadsAnswer,
      await client.call('allOrders', { symbol: exchangeId(symbol), limit: PAGE }),
    );
    return answer.ok
      ? { ok: true, value: answer.value.map(({ clientOrderId, time }) => ({ clientOrderId, at: time })) }
      : answer;
  },
});
