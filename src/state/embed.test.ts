import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  EMBED_FLAGS,
  embedAddress,
  embedCode,
  type EmbedFlag,
  readEmbed,
  wholeAddress,
  writeEmbed,
} from './embed.ts';

test('a page is embedded when its query says so, and shows all unless told otherwise', () => {
  for (const query of ['', '?x=1', '?embed=false', '?embed=0', '?embeds'])
    expect(readEmbed(query)).toBeUndefined();
  for (const query of ['?embed', '?embed=true', '?embed=1', '?a=b&embed=']) {
    expect(Object.values(readEmbed(query)!.show).every(Boolean)).toBe(true);
  }
  const found = readEmbed(
    '?embed=true&embedplots=false&embedtestfield=FALSE&embedlink=true&defaulttesttext=Anna+and%20Tom',
  );
  expect(found).toMatchObject({
    show: { embedplots: false, embedtestfield: false, embedlink: true, embedtest: true },
    testText: 'Anna and Tom',
  });
  expect(readEmbed(`?embed&defaulttesttext=${'x'.repeat(9_000)}`)!.testText).toHaveLength(2_000);
});

test('what is written is read', () => {
  const names = Object.keys(EMBED_FLAGS) as EmbedFlag[];
  fc.assert(
    fc.property(
      fc.tuple(...names.map(() => fc.boolean())),
      fc.option(fc.string({ minLength: 1, maxLength: 50, unit: 'grapheme' }), { nil: undefined }),
      fc.option(fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }), { nil: undefined }),
      (on, testText, label) => {
        const show = Object.fromEntries(names.map((name, i) => [name, on[i]!])) as Record<EmbedFlag, boolean>;
        const embed = { show, ...(testText && { testText }), ...(label && { label }) };
        expect(readEmbed(writeEmbed(embed))).toEqual(embed);
      },
    ),
  );
});

test('addresses keep the fragment, and code of other pages is one tag whatever is in them', () => {
  const page = 'https://facet.test/app/?old=1#/features?f=3&text=a%22b';
  const embed = readEmbed('?embed&embedplots=false')!;
  const address = embedAddress(page, embed);
  expect(address).toBe('https://facet.test/app/?embed=true&embedplots=false#/features?f=3&text=a%22b');
  expect(wholeAddress(address)).toBe('https://facet.test/app/#/features?f=3&text=a%22b');
  const code = embedCode(address, 'Feature "3" <b>');
  expect(code.match(/</g)).toHaveLength(2);
  expect(code).toContain('title="Feature &quot;3&quot; &lt;b&gt;"');
  expect(code).toContain('?embed=true&amp;embedplots=false#');
  expect(code).toContain('width="540" height="300"');
});
