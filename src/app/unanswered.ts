import type { Read } from '../ports/venue.ts';

/** Whether no answer came, as against one that refuses or makes no sense: then other questions get none either, and each would take its whole time limit. */
export const unanswered = <T>(read: Read<T>): read is Extract<Read<T>, { ok: false }> => !read.ok && read.error.kind !== 'refused' && read.error.kind !== 'malformed';
