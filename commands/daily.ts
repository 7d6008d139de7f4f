import { definePeriodCommand } from './support/periods.ts';

export const daily = definePeriodCommand('daily', 'day', 7, 60);
