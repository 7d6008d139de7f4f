/**
 * Control characters and direction overrides: a terminal takes them for orders, and a journal hides a line that holds
 * one.
 */
const ORDERS = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text for a terminal. It may hold words of others (a reason from the chat, the exchange's answer, a line of the
 * log): what a terminal takes for orders is shown as a mark. Line breaks and tabs stay.
 */
export const printable = (text: string): string => text.replaceAll(ORDERS, '\ufffd');

/** The same JSON, with each such character written as its escape. */
export const escapedJson = (json: string): string =>
  json.replaceAll(ORDERS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
