/** CSS colours as numbers as the screen shows them now, in the order `ImageData` keeps them: for pixels, which know no CSS. */
export function colourNumbers(colours: readonly string[]): Uint32Array {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, colours.length);
  canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const probe = document.createElement('span');
  document.body.append(probe);
  colours.forEach((colour, at) => {
    // Only a computed style knows what custom properties and mixes come to.
    probe.style.color = colour;
    context.fillStyle = getComputedStyle(probe).color;
    context.fillRect(at, 0, 1, 1);
  });
  probe.remove();
  return new Uint32Array(context.getImageData(0, 0, canvas.width, 1).data.buffer);
}
