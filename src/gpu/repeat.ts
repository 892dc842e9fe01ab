const LOOP = /^(\s*)#([a-z])<(\d+) ?/;

/**
 * WGSL with lines written out: `#r<4 text` becomes four lines, in which `{r}` is 0 to 3; several loops nest from left to
 * right. For accumulators, which must be variables of their own: an array is kept in memory by some compilers.
 */
export function repeated(source: string): string {
  return source
    .split('\n')
    .flatMap((line) => writtenOut(line))
    .join('\n');
}

function writtenOut(line: string): string[] {
  const found = LOOP.exec(line);
  if (!found) return [line];
  const [head, indent = '', name = '', count = ''] = found;
  const rest = indent + line.slice(head.length);
  return Array.from({ length: Number(count) }, (_, i) =>
    writtenOut(rest.replaceAll(`{${name}}`, String(i))),
  ).flat();
}
