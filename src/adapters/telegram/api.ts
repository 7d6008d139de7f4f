import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';

import { Api } from 'grammy';

export interface ApiOptions {
  /** Without a slash at its end. */
  readonly apiRoot: string;
  /** How names are looked up. */
  readonly lookUp: LookupFunction;
}

/** Makes grammY's methods of the Bot API for a patience; all that one maker makes share their connections. */
export const createApiMaker = (token: string, { apiRoot, lookUp }: ApiOptions): ((timeoutSeconds: number) => Api) => {
  const connections = { keepAlive: true, lookup: lookUp };
  const agent = apiRoot.startsWith('https:') ? new https.Agent(connections) : new http.Agent(connections);
  return (timeoutSeconds) => new Api(token, { apiRoot, timeoutSeconds, baseFetchConfig: { agent } });
};
