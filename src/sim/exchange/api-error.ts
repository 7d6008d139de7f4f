import type { Rejection, RejectionReason } from '../matching/order.ts';
import type { FilterName } from '../matching/rules.ts';

/** An answer in the exchange's error form, with its HTTP status. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const bad = (code: number, message: string): ApiError => new ApiError(400, code, message);

/**
 * The exchange's error codes that this simulator answers, with its own words
 * (from the public error list of the spot API; the statuses are those seen).
 */
export const errors = {
  internal: () => new ApiError(500, -1000, 'An unknown error occurred while processing the request.'),
  unknownStatus: () => new ApiError(503, -1, 'Unknown error, please check your request or try again later.'),
  tooManyRequests: () =>
    new ApiError(
      429,
      -1003,
      'Too much request weight used; current limit is 6000 request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.',
    ),
  banned: (until: number) =>
    new ApiError(
      418,
      -1003,
      `Way too much request weight used; IP banned until ${until}. Please use WebSocket Streams for live updates to avoid bans.`,
    ),
  filter: (name: FilterName) => bad(-1013, `Filter failure: ${name}`),
  invalidQuantity: () => bad(-1013, 'Invalid quantity.'),
  invalidPrice: () => bad(-1013, 'Invalid price.'),
  marketClosed: () => bad(-1013, 'Market is closed.'),
  notSupported: (kind: string) => bad(-1013, `${kind} orders are not supported for this symbol.`),
  combination: () => bad(-1014, 'Unsupported order combination.'),
  tooManyOrders: (limit: number, per: string) =>
    new ApiError(429, -1015, `Too many new orders; current limit is ${limit} orders per ${per}.`),
  outsideWindow: () => bad(-1021, 'Timestamp for this request is outside of the recvWindow.'),
  aheadOfServer: () => bad(-1021, "Timestamp for this request was 1000ms ahead of the server's time."),
  badSignature: () => bad(-1022, 'Signature for this request is not valid.'),
  illegalCharacters: (name: string, range: string) =>
    bad(-1100, `Illegal characters found in parameter '${name}'; legal range is '${range}'.`),
  duplicateParameter: () => bad(-1101, 'Duplicate values for a parameter detected.'),
  mandatory: (name: string) => bad(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`),
  mandatoryEither: (one: string, other: string) =>
    bad(-1102, `Param '${one}' or '${other}' must be sent, but both were empty/null!`),
  emptyParameter: (name: string) => bad(-1105, `Parameter '${name}' was empty.`),
  notRequired: (name: string) => bad(-1106, `Parameter '${name}' sent when not required.`),
  precision: (name: string) => bad(-1111, `Parameter '${name}' has too much precision.`),
  timeInForce: () => bad(-1115, 'Invalid timeInForce.'),
  orderType: () => bad(-1116, 'Invalid orderType.'),
  side: () => bad(-1117, 'Invalid side.'),
  interval: () => bad(-1120, 'Invalid interval.'),
  symbol: () => bad(-1121, 'Invalid symbol.'),
  lookup: () => bad(-1127, 'More than 24 hours between startTime and endTime.'),
  combinationOfParameters: () => bad(-1128, 'Combination of optional parameters invalid.'),
  invalidData: (name: string) => bad(-1130, `Data sent for parameter '${name}' is not valid.`),
  receiveWindow: () => bad(-1131, 'recvWindow must be less than 60000.'),
  cancelRestrictions: () => bad(-1145, 'Invalid cancelRestrictions'),
  rejected: (message: string) => bad(-2010, message),
  insufficientBalance: () => bad(-2010, 'Account has insufficient balance for requested action.'),
  wouldTrigger: () => bad(-2010, 'Order would trigger immediately.'),
  unknownOrder: () => bad(-2011, 'Unknown order sent.'),
  cancelRestricted: () => bad(-2011, 'Order was not canceled due to cancel restrictions.'),
  noSuchOrder: () => bad(-2013, 'Order does not exist.'),
  keyFormat: () => new ApiError(401, -2014, 'API-key format invalid.'),
  badKey: () => new ApiError(401, -2015, 'Invalid API-key, IP, or permissions for action.'),
} as const;

const REJECTIONS: Readonly<Record<RejectionReason, () => ApiError>> = {
  'market-closed': errors.marketClosed,
  'duplicate-client-id': () => errors.rejected('Duplicate order sent.'),
  'insufficient-balance': errors.insufficientBalance,
  'would-trigger-immediately': errors.wouldTrigger,
  'would-match-immediately': () => errors.rejected('Order would immediately match and take.'),
  'no-liquidity': () => errors.rejected('Order book liquidity is less than symbol minimum quantity.'),
  'unknown-order': errors.unknownOrder,
};

/** A refusal of the matching engine in the exchange's words. */
export const rejectionError = (rejection: Rejection): ApiError => REJECTIONS[rejection.reason]();
