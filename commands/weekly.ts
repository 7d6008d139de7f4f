import { definePeriodCommand } from './support/periods.ts';

export const weekly = definePeriodCommand('weekly', 'week', 8, 60);
