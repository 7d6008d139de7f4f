import { errors } from '../api-error.ts';
import { RATE_LIMITS } from '../instruments.ts';
import { symbolChoice, type Route, type RouteRequest } from './route.ts';

const exchangeInfo = (request: RouteRequest): unknown => {
  const { parameters, exchange, now } = request;
  if (parameters.raw('permissions') !== undefined && parameters.raw('symbol') !== undefined) {
    throw errors.combinationOfParameters();
  }
  const { ids } = symbolChoice(request);
  return {
    timezone: 'UTC',
    serverTime: now,
    rateLimits: RATE_LIMITS,
    exchangeFilters: [],
    symbols: ids.map((id) => exchange.instruments.get(id)?.info),
  };
};

export const generalRoutes: readonly Route[] = [
  { method: 'GET', path: '/api/v3/ping', security: 'none', weight: () => 1, handle: () => ({}) },
  {
    method: 'GET',
    path: '/api/v3/time',
    security: 'none',
    weight: () => 1,
    handle: ({ now }) => ({ serverTime: now }),
  },
  { method: 'GET', path: '/api/v3/exchangeInfo', security: 'none', weight: () => 20, handle: exchangeInfo },
  {
    method: 'GET',
    path: '/sapi/v1/system/status',
    security: 'none',
    weight: () => 1,
    handle: () => ({ status: 0, msg: 'normal' }),
  },
];
