import { EXIT_CODES } from '../../adapters/system/exit-codes.ts';
import { UserError } from '../../adapters/system/user-error.ts';
import { VERSION } from '../version.ts';
import type { Base, Surroundings } from './base.ts';

export const openLive = (_base: Base): Promise<Surroundings> => {
  throw new UserError(`MODE=live can't trade yet in version ${VERSION}; use MODE=demo`, EXIT_CODES.refused);
};
