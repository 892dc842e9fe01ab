import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spokenText, visibleText } from './visible-text.ts';

test('whitespace and controls become marks', () => {
  expect(visibleText(' a\tb\nc\r')).toBe('·a⇥b↵c␍');
  expect(visibleText('\u0000\u001b\u007f')).toBe('␀␛␡');
  expect(visibleText('\u202eevil\u2066')).toBe('[RLO]evil[LRI]');
});

test('what can be seen stays as it is', () => {
  expect(visibleText('naïve 日本 😀 עברית')).toBe('naïve·日本·😀·עברית');
});

test('a lone surrogate is named, a pair is not', () => {
  expect(visibleText('\ud83d')).toBe('[U+D83D]');
  expect(visibleText('\ud83d\ude00')).toBe('😀');
});

test('nothing unseen is left in the result', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(visibleText(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Zs}\p{Cs}]/u);
    }),
  );
});

test('spoken text names whitespace', () => {
  expect(spokenText(' the')).toBe('space the');
  expect(spokenText('\n\n')).toBe('newline newline');
  expect(spokenText('')).toBe('empty');
});
