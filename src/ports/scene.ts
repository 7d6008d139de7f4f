/**
 * A picture as a list of marks: what a report draws as SVG, and an adapter as PNG. Coordinates in pixels from the top
 * left.
 */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly ground: string;
  /** What the picture shows, for those who can't see it. */
  readonly title: string;
  readonly marks: readonly Mark[];
}

export type Mark =
  | {
      readonly kind: 'rect';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly colour: string;
    }
  /** `points`: x and y in turn. A filled line is closed and has no stroke. */
  | {
      readonly kind: 'line';
      readonly points: readonly number[];
      readonly colour: string;
      readonly width: number;
      readonly dashed?: boolean;
      readonly filled?: boolean;
    }
  | {
      readonly kind: 'text';
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly size: number;
      readonly colour: string;
      readonly align: 'left' | 'center' | 'right';
      readonly bold?: boolean;
    };

/** Draws a scene as a PNG. */
export type SceneRenderer = (scene: Scene) => Promise<Uint8Array>;
