import { expect, test } from 'vitest';
import { repeated } from './repeat.ts';

test('marked lines are written out, nested from left to right, and others are left alone', () => {
  expect(repeated('let a = 1u; // #r<4 is no mark here')).toBe('let a = 1u; // #r<4 is no mark here');
  expect(repeated('  #c<2 let x{c} = y[{c}u];')).toBe('  let x0 = y[0u];\n  let x1 = y[1u];');
  expect(repeated('#r<2 #c<2 s{r}{c}')).toBe('s00\ns01\ns10\ns11');
  expect(repeated('a\n#r<1 b{r}{c}\nc')).toBe('a\nb0{c}\nc');
});
