import {
  type MaskColours,
  massRatio,
  type MaskPicture,
  LEFT_OUT,
  OUTLINED,
  paintPicture,
} from './mask-picture.ts';

const STEPS = 64;
/** Cells smaller than this, in device pixels, are filled instead of outlined. */
const OUTLINE_FROM = 5;

/** The theme's colours as numbers: a canvas does not know custom properties. */
function maskColours(): MaskColours {
  const theme = getComputedStyle(document.documentElement);
  const of = (name: string): string => theme.getPropertyValue(name).trim();
  const context = new OffscreenCanvas(STEPS + 1, 1).getContext('2d', { willReadFrequently: true })!;
  const read = (width: number): Uint8ClampedArray => {
    const { data } = context.getImageData(0, 0, width, 1);
    return Uint8ClampedArray.from({ length: width * 3 }, (_, i) => data[Math.floor(i / 3) * 4 + (i % 3)]!);
  };
  const ramp = (end: string, start: string): Uint8ClampedArray => {
    for (let step = 0; step <= STEPS; step++) {
      const share = step === 0 ? 0 : 8 + (92 * step) / STEPS;
      context.fillStyle = `color-mix(in oklab, ${of(end)} ${share}%, ${of(start)})`;
      context.fillRect(step, 0, 1, 1);
    }
    return read(STEPS + 1);
  };
  const flat = (name: string): Uint8ClampedArray => {
    context.fillStyle = of(name);
    context.fillRect(0, 0, 1, 1);
    return read(1);
  };
  return {
    kept: ramp('--attribution', '--surface'),
    lost: ramp('--effect-positive-mark', '--line'),
    ahead: flat('--surface'),
    leftOut: flat('--line'),
  };
}

/** Whether a picture of so many device pixels has room for outlines. */
export const outlines = (picture: MaskPicture, pixels: number): boolean =>
  pixels / picture.size >= OUTLINE_FROM;

/** Draws a picture over the whole canvas, whose backing store is a square. */
export function drawMask(canvas: HTMLCanvasElement, picture: MaskPicture): void {
  const { size, kinds, mass } = picture;
  const context = canvas.getContext('2d')!;
  const outlined = outlines(picture, canvas.width);
  const cells = new OffscreenCanvas(size, size);
  const pixels = paintPicture(picture, maskColours(), !outlined);
  cells.getContext('2d')!.putImageData(new ImageData(pixels, size, size), 0, 0);
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(cells, 0, 0, canvas.width, canvas.height);
  if (!outlined) return;
  const cell = canvas.width / size;
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue('--effect-positive-mark');
  for (let at = 0; at < kinds.length; at++) {
    if (kinds[at] !== LEFT_OUT || mass[at]! < OUTLINED) continue;
    const width = Math.min(cell / 3, 1 + massRatio(mass[at]!) * 3);
    context.globalAlpha = 0.4 + 0.6 * massRatio(mass[at]!);
    context.lineWidth = width;
    context.strokeRect(
      (at % size) * cell + width / 2,
      Math.floor(at / size) * cell + width / 2,
      cell - width,
      cell - width,
    );
  }
  context.globalAlpha = 1;
}
