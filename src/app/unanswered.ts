import type { Read, VenueErrorKind } from '../ports/venue.ts';

/** What came as an answer, if not the one that was wanted. */
const ANSWERS: ReadonlySet<VenueErrorKind> = new Set<VenueErrorKind>(['refused', 'unlisted', 'malformed']);

/** Whether no answer came, as against one that refuses or makes no sense: then other questions get none either, and each would take its whole time limit. */
export const unanswered = <T>(read: Read<T>): read is Extract<Read<T>, { ok: false }> => !read.ok && !ANSWERS.has(read.error.kind);
