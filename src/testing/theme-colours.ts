import { readFileSync } from 'node:fs';

/** Linear light, 0 … 1. */
export type Rgb = [number, number, number];

const css = readFileSync(new URL('../views/theme.css', import.meta.url), 'utf8');
const [lightCss = '', darkCss = ''] = css.split(":root[data-theme='dark']");

function variables(source: string): Map<string, string> {
  return new Map([...source.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map((found) => [found[1]!, found[2]!]));
}

/** Custom properties of either theme. */
export const themes = { light: variables(lightCss), dark: variables(darkCss) };

const toLinear = (byte: number): number =>
  byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4;

export function linear(theme: Map<string, string>, name: string): Rgb {
  const hex = theme.get(name)!;
  return [1, 3, 5].map((at) => toLinear(Number.parseInt(hex.slice(at, at + 2), 16))) as Rgb;
}

// Björn Ottosson's OKLab, as CSS Color 4 defines `color-mix(in oklab, …)`.
function oklab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([L, a, b]: Rgb): Rgb {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

const luminance = (rgb: Rgb): number => {
  const [r, g, b] = rgb.map((channel) => Math.min(1, Math.max(0, channel))) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** As WCAG defines it, 1 … 21. */
export function contrast(one: Rgb, other: Rgb): number {
  const [high, low] = [luminance(one), luminance(other)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** What a browser draws for `transparent` on the surface, or for a mix of two custom properties. */
export function drawn(theme: Map<string, string>, colour: string): Rgb {
  const alone = /^var\((--[\w-]+)\)$/.exec(colour);
  if (alone) return linear(theme, alone[1]!);
  const found = /^color-mix\(in oklab, var\((--[\w-]+)\) ([\d.]+)%, var\((--[\w-]+)\)\)$/.exec(colour);
  if (!found) return linear(theme, '--surface');
  const end = oklab(linear(theme, found[1]!));
  const start = oklab(linear(theme, found[3]!));
  const share = Number(found[2]) / 100;
  return fromOklab(end.map((value, i) => share * value + (1 - share) * start[i]!) as Rgb);
}
