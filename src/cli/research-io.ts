import type { ResearchIo } from '../research/training/io.ts';
import { complain, out } from './output.ts';

const BAR = 24;
/** Without a terminal a line is written each time another tenth is done. */
const TENTHS = 10;

/**
 * Output of research commands: results on standard output, progress on standard error (a bar on a terminal, lines
 * elsewhere).
 */
export const createResearchIo = (): ResearchIo & { done(): void } => {
  const terminal = process.stderr.isTTY;
  const startedAt = performance.now();
  let shown = '';
  const clear = (): void => {
    if (terminal && shown !== '') process.stderr.write('\r\u001b[K');
    shown = '';
  };
  const estimate = (share: number): string => {
    if (share <= 0.02) return '';
    const left = Math.round(((performance.now() - startedAt) / 1000) * (1 / share - 1));
    return left < 90 ? `, ${left} s left` : `, ${Math.round(left / 60)} min left`;
  };
  return {
    out: (line) => {
      clear();
      out(line);
    },
    err: (line) => {
      clear();
      complain(line);
    },
    progress: (share, what) => {
      if (terminal) {
        const filled = Math.round(share * BAR);
        const text = `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}] ${Math.floor(share * 100)} % ${what}${estimate(share)}`;
        if (text === shown) return;
        process.stderr.write(`\r\u001b[K${text}`);
        shown = text;
        return;
      }
      const text = `${Math.floor(share * TENTHS) * TENTHS} % ${what}`;
      if (text === shown) return;
      shown = text;
      process.stderr.write(`${text}\n`);
    },
    done: clear,
  };
};
