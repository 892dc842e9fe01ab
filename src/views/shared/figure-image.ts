const SVG = 'http://www.w3.org/2000/svg';
const PAD = 16;
const TITLE_HEIGHT = 26;
const FOOT_HEIGHT = 22;
const COPIED = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
  'dominant-baseline',
] as const;

/**
 * A drawing as a file of its own: colours as they are on screen, its own background, the title above and where the
 * numbers come from below.
 */
export function figureSvg(drawing: SVGSVGElement, title: string, provenance: string): SVGSVGElement {
  const { width, height } = drawing.getBoundingClientRect();
  const page = getComputedStyle(drawing);
  const surface = getComputedStyle(document.documentElement).getPropertyValue('--surface').trim();
  const full = { width: width + 2 * PAD, height: height + 2 * PAD + TITLE_HEIGHT + FOOT_HEIGHT };
  const image = document.createElementNS(SVG, 'svg');
  image.setAttribute('xmlns', SVG);
  image.setAttribute('width', String(full.width));
  image.setAttribute('height', String(full.height));
  image.setAttribute('viewBox', `0 0 ${full.width} ${full.height}`);
  const ground = document.createElementNS(SVG, 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', surface);
  const inner = drawing.cloneNode(true) as SVGSVGElement;
  copyLook(drawing, inner);
  for (const name of ['class', 'role', 'tabindex', 'aria-label', 'aria-hidden', 'style'])
    inner.removeAttribute(name);
  inner.setAttribute('x', String(PAD));
  inner.setAttribute('y', String(PAD + TITLE_HEIGHT));
  inner.setAttribute('width', String(width));
  inner.setAttribute('height', String(height));
  const line = (content: string, y: number, size: number, weight: number): SVGTextElement => {
    const text = document.createElementNS(SVG, 'text');
    text.textContent = content;
    text.setAttribute('x', String(PAD));
    text.setAttribute('y', String(y));
    text.setAttribute('fill', page.color);
    text.setAttribute('font-family', page.fontFamily);
    text.setAttribute('font-size', String(size));
    text.setAttribute('font-weight', String(weight));
    return text;
  };
  image.append(
    ground,
    line(title, PAD + 14, 15, 600),
    inner,
    line(provenance, full.height - PAD + 4, 11, 400),
  );
  return image;
}

/** Writes the computed look of every element into attributes: a file has no style sheet. */
function copyLook(from: Element, to: Element): void {
  const look = getComputedStyle(from);
  for (const name of COPIED) {
    const value = look.getPropertyValue(name);
    if (value) to.setAttribute(name, value);
  }
  to.removeAttribute('class');
  to.removeAttribute('style');
  Array.from(from.children).forEach((child, i) => copyLook(child, to.children[i]!));
}

export function svgBlob(image: SVGSVGElement): Blob {
  return new Blob([new XMLSerializer().serializeToString(image)], { type: 'image/svg+xml' });
}

/** Twice the size on screen, for slides and papers. */
export async function pngBlob(image: SVGSVGElement): Promise<Blob> {
  const address = URL.createObjectURL(svgBlob(image));
  try {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = document.createElement('canvas');
    canvas.width = 2 * picture.width;
    canvas.height = 2 * picture.height;
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no image'))), 'image/png');
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}
