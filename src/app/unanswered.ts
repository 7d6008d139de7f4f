import type { Read, VenueErrorKind } from '../ports/venue.ts';

/** Failures that are an answer of the exchange all the same. */
const ANSWERS: ReadonlySet<VenueErrorKind> = new Set<VenueErrorKind>(['refused', 'unlisted', 'malformed']);

/**
 * Whether a read failed because no answer came at all, not because the answer was a refusal or made no sense. Other
 * questions will then get none either, and each would take its whole time limit.
 */
export const unanswered = <T>(read: Read<T>): read is Extract<Read<T>, { ok: false }> =>
  !read.ok && !ANSWERS.has(read.error.kind);
