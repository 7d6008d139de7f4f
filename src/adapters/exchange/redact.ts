const REDACTED = '[redacted]';

/**
 * Takes the account's secrets and every query string out of a text: a signed
 * address carries a signature that is valid for the receive window.
 */
export const createExchangeRedactor = (secrets: readonly (string | null)[]): ((text: string) => string) => {
  const values = secrets.filter((secret) => secret !== null && secret.length >= 6) as string[];
  return (text) => {
    let result = text.replaceAll(/(https?:\/\/[^\s?"']+)\?[^\s"']*/g, `$1?${REDACTED}`);
    result = result.replaceAll(/(signature=)[^\s&"']+/gi, `$1${REDACTED}`);
    for (const value of values) result = result.replaceAll(value, REDACTED);
    return result;
  };
};
