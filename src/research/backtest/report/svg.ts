import { assertNever } from '../../../core/units.ts';
import type { Mark, Scene } from '../../../ports/scene.ts';

export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const ANCHOR = { left: 'start', center: 'middle', right: 'end' } as const;

const svgMark = (mark: Mark): string => {
  switch (mark.kind) {
    case 'rect':
      return `<rect x="${mark.x.toFixed(1)}" y="${mark.y.toFixed(1)}" width="${mark.width.toFixed(1)}" height="${mark.height.toFixed(1)}" fill="${mark.colour}"/>`;
    case 'line': {
      const points = mark.points.map((value) => Math.round(value * 10) / 10).join(' ');
      return mark.filled === true
        ? `<polygon points="${points}" fill="${mark.colour}"/>`
        : `<polyline points="${points}" fill="none" stroke="${mark.colour}" stroke-width="${mark.width}"${mark.dashed === true ? ' stroke-dasharray="6 6"' : ''} stroke-linejoin="round"/>`;
    }
    case 'text':
      return `<text x="${mark.x.toFixed(1)}" y="${mark.y.toFixed(1)}" font-size="${mark.size}" fill="${mark.colour}" text-anchor="${ANCHOR[mark.align]}"${mark.bold === true ? ' font-weight="600"' : ''}>${escapeText(mark.text)}</text>`;
    default:
      return assertNever(mark, 'mark');
  }
};

/** A scene as SVG that needs nothing from outside. */
export const sceneSvg = ({ width, height, ground, title, marks }: Scene): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(title)}" font-family="Inter, system-ui, sans-serif"><rect width="${width}" height="${height}" fill="${ground}"/>${marks.map(svgMark).join('')}</svg>`;
