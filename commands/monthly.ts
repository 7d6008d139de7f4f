import { definePeriodCommand } from './support/periods.ts';

export const monthly = definePeriodCommand('monthly', 'month', 6, 60);
