import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import { useTheme } from '../../../state/theme.ts';
import { colourNumbers } from '../../shared/colour-numbers.ts';
import { stepColour, STEPS } from './colours.ts';
import type { Camera, Frame } from './geometry.ts';
import { paintOrder, paintPoints, pointRadius } from './paint.ts';

interface Painted {
  positions: Float32Array;
  steps: Uint8Array;
  marked: boolean;
  chosen?: ReadonlySet<number>;
  camera: Camera;
  whole: Camera;
  frame: Frame;
}

/** Faint colours follow the usual ones in the palette. */
const FAINT = STEPS + 1;
const MARKED = 1.8;

/** Colours of the theme as it is, usual ones, then faint ones; last the surface. */
function themePalette(): Uint32Array {
  const usual = Array.from({ length: STEPS + 1 }, (_, step) => stepColour(step));
  const faint = usual.map((colour) => `color-mix(in oklab, ${colour} 22%, var(--surface))`);
  return colourNumbers([...usual, ...faint, 'var(--surface)']);
}

function usePalette(): Uint32Array | undefined {
  const [palette, setPalette] = useState<Uint32Array>();
  useEffect(() => {
    const read = (): void => setPalette(themePalette());
    read();
    // By the next frame the document has the new colours.
    const later = (): number => requestAnimationFrame(read);
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', later);
    const end = useTheme.subscribe(later);
    return () => {
      system.removeEventListener('change', later);
      end();
    };
  }, []);
  return palette;
}

/** Keeps a canvas painted: once a frame at most, however often the camera moves. */
export function usePainting(painted: Painted): { canvas: RefObject<HTMLCanvasElement | null> } {
  const { positions, steps, marked, chosen, camera, whole, frame } = painted;
  const canvas = useRef<HTMLCanvasElement>(null);
  const image = useRef<ImageData>(undefined);
  const palette = usePalette();
  const coloured = useMemo(() => {
    if (!chosen) return steps;
    return steps.map((step, place) => (chosen.has(place) ? step : step + FAINT));
  }, [steps, chosen]);
  const order = useMemo(() => {
    // Faint ones below the others.
    const last = 2 * FAINT;
    return paintOrder(coloured.map((step) => (chosen ? (step + FAINT) % last : step)));
  }, [coloured, chosen]);

  useEffect(() => {
    const target = canvas.current;
    if (!target || !palette) return undefined;
    const request = requestAnimationFrame(() => {
      const ratio = window.devicePixelRatio || 1;
      const width = Math.round(frame.width * ratio);
      const height = Math.round(frame.height * ratio);
      if (target.width !== width || target.height !== height) Object.assign(target, { width, height });
      if (image.current?.width !== width || image.current.height !== height)
        image.current = new ImageData(width, height);
      const radius = ratio * pointRadius(positions.length / 2, camera.zoom / whole.zoom);
      const large = marked ? MARKED : 1;
      paintPoints(new Uint32Array(image.current.data.buffer), {
        width,
        height,
        camera: { ...camera, zoom: camera.zoom * ratio },
        positions,
        order,
        steps: coloured,
        palette,
        radii: Float32Array.from({ length: 2 * FAINT }, (_, step) =>
          step % FAINT === STEPS ? large * radius : step % FAINT === 0 ? 0.8 * radius : radius,
        ),
        surface: palette.at(-1)!,
      });
      target.getContext('2d')!.putImageData(image.current, 0, 0);
    });
    return () => cancelAnimationFrame(request);
  }, [positions, coloured, order, marked, camera, whole, frame, palette]);
  return { canvas };
}
