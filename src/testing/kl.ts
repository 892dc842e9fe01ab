/** Mean KL(reference ‖ ours) of the next-token distributions, nats. @param width of a row of logits */
export function meanKl(reference: ArrayLike<number>, ours: ArrayLike<number>, width: number): number {
  let sum = 0;
  const rows = reference.length / width;
  for (let row = 0; row < rows; row++) {
    const [p, q] = [reference, ours].map((all) => {
      const part = Array.from({ length: width }, (_, i) => all[row * width + i]!);
      const highest = Math.max(...part);
      const lse = highest + Math.log(part.reduce((total, value) => total + Math.exp(value - highest), 0));
      return part.map((value) => value - lse);
    }) as [number[], number[]];
    sum += p.reduce((total, value, i) => total + Math.exp(value) * (value - q[i]!), 0);
  }
  return sum / rows;
}
