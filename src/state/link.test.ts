import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FacetError } from '../shared/errors.ts';
import { anyView } from '../testing/any-view.ts';
import { decodeLink, encodeLink } from './link.ts';
import { migrate } from './link-migrations.ts';
import { salvageLink } from './link-salvage.ts';
import { pack } from './packing.ts';
import { defaultView, type ViewState } from './view-state.ts';

test('every view comes back from its link exactly', async () => {
  await fc.assert(
    fc.asyncProperty(anyView, async (view) => {
      const decoded = await decodeLink(await encodeLink(view));
      expect(decoded).toEqual({ view, notes: [], longText: undefined });
    }),
    { numRuns: 400 },
  );
});

test('a fragment survives the URL parser and has only characters that links may have', async () => {
  await fc.assert(
    fc.asyncProperty(anyView, async (view) => {
      const link = await encodeLink(view);
      expect(link).toMatch(/^#\/[A-Za-z0-9_.~,:;!?/@%&=+-]*([A-Za-z0-9]|text=)$/);
      expect(new URL(link, 'https://example.org/facet/').hash).toBe(link);
    }),
  );
});

describe('a link with one character changed', () => {
  const view: ViewState = {
    ...defaultView,
    model: 'storyworld-2m',
    modelDigest: '0123456789abcdef',
    dictionary: 'blocks.2.hook_resid_pre',
    text: 'Añna 😀 went (twice).',
    active: 3,
    selection: [
      [2, 5],
      [7, 7],
    ],
    feature: 1203,
    pins: [4, 9],
    loss: true,
    minValue: 0.25,
    expect: { position: 3, feature: 1203, value: 12.3456 },
  };
  const replacements = 'aZ09%&=#?/+-.,:~ é\u0000'.split('');

  async function outcome(link: string): Promise<'same' | 'bad-link'> {
    try {
      const decoded = await decodeLink(link);
      expect(decoded?.view ?? defaultView).toEqual(view);
      return 'same';
    } catch (thrown) {
      if (!(thrown instanceof FacetError)) throw thrown;
      expect(thrown.code).toBe('bad-link');
      return 'bad-link';
    }
  }

  test.each([
    ['plain', view],
    ['packed', { ...view, text: view.text.repeat(60) }],
  ])('is the same view or a bad link: %s', async (_, original) => {
    Object.assign(view, original);
    const link = await encodeLink(original);
    const counts = { same: 0, 'bad-link': 0 };
    // The leading `#/` is not the codec's: without it the browser sees no fragment of ours.
    for (let at = 2; at < link.length; at++) {
      for (const character of replacements) {
        if (link[at] === character) continue;
        counts[await outcome(link.slice(0, at) + character + link.slice(at + 1))]++;
      }
      counts[await outcome(link.slice(0, at) + link.slice(at + 1))]++;
    }
    expect(counts['bad-link']).toBeGreaterThan(20 * counts.same);
  });

  test('cut anywhere, it is a bad link', async () => {
    const link = await encodeLink(view);
    for (let at = link.indexOf('&c=') + 9; at < link.length; at++) {
      await expect(decodeLink(link.slice(0, at)), link.slice(0, at)).rejects.toMatchObject({
        code: 'bad-link',
      });
    }
  });
});

test('a link may be written by hand', async () => {
  expect(await decodeLink('')).toBeUndefined();
  expect(await decodeLink('#/')).toBeUndefined();
  expect(await decodeLink('#/explore')).toMatchObject({ view: defaultView, notes: [] });
  const decoded = await decodeLink('#/explore?text=Ännä ging&f=12&sel=3-5,9');
  expect(decoded!.view).toEqual({
    ...defaultView,
    text: 'Ännä ging',
    feature: 12,
    selection: [
      [3, 5],
      [9, 9],
    ],
  });
});

// Links are out in the world: a key that changes breaks them, and needs a version and a migration.
test('every key means what it meant', async () => {
  const link =
    '#/heads?v=1&model=storyworld-2m&md=0123456789abcdef&dict=blocks.2.attn.hook_z&dd=fedcba9876543210&store=f16&look=gpt2' +
    '&f=7&at=4&sel=1-2,5&pins=3,9&win=11&sort=max&tint=loss&loss=1&min=0.5&rare=0.01&dense=0.9&l=2&h=3&part=roles' +
    '&own=largest&weight=value&score=induction&way=queries&corpus=text&off=2.1,2.4&abl=zero' +
    '&trail=h1.4@3;f12~blocks.1.attn.hook_z&up=blocks.0.attn.hook_z&sparse=1:2-3:strided:0.5:window=8;*:*:causal' +
    '&block=8&steer=add~f7@blocks.2.hook_resid_pre~2.5~8.41~1-3~2-4,9~off;clamp~f7@blocks.2.hook_resid_pre~0~8.41' +
    ';scale~h2.1~0.5~generated;ablate~blocks.1.hook_mlp_out~mean~all;patch~h0.1~end~A%2520tale~prompt' +
    ';splice~blocks.2.hook_resid_pre~error~special' +
    '&temp=0.5&topk=40&topp=0.9&penalty=1.2&seed=9&n=12&frozen=0&chat=1&system=Be+kind&swept=1&effect=feature' +
    '&over=own-0123456789abcdef&versus=storyworld-3-50&tab=compare&by=together&find=+Mary&against=a+b&rank=contrast' +
    '&with=1,2&not=3&in=text&cmp=corpora&other=blocks.3.hook_resid_post&colour=max&timed=encode-64,step-open&times=q1YqLQ' +
    '&expect=4:7:1.5&text=Tom';
  const { view, notes } = (await decodeLink(link))!;
  expect(notes).toEqual([]);
  expect(view).toEqual({
    v: 1,
    view: 'heads',
    model: 'storyworld-2m',
    modelDigest: '0123456789abcdef',
    dictionary: 'blocks.2.attn.hook_z',
    dictionaryDigest: 'fedcba9876543210',
    storage: 'f16',
    look: 'gpt2',
    text: 'Tom',
    windowStart: 11,
    active: 4,
    selection: [
      [1, 2],
      [5, 5],
    ],
    feature: 7,
    pins: [3, 9],
    sort: 'max',
    tint: 'loss',
    loss: true,
    minValue: 0.5,
    minDensity: 0.01,
    maxDensity: 0.9,
    layer: 2,
    head: 3,
    part: 'roles',
    owned: 'largest',
    weighting: 'value',
    score: 'induction',
    way: 'queries',
    corpus: 'text',
    ablated: [
      { layer: 2, head: 1 },
      { layer: 2, head: 4 },
    ],
    ablation: 'zero',
    trail: [
      { kind: 'head', layer: 1, head: 4, source: 3 },
      { kind: 'feature', dictionary: 'blocks.1.attn.hook_z', feature: 12 },
    ],
    upstream: 'blocks.0.attn.hook_z',
    sparse: [
      { layer: 1, heads: [2, 3], pattern: 'strided', budget: 0.5, parameters: { window: 8 } },
      { layer: null, heads: null, pattern: 'causal', parameters: {} },
    ],
    blockSize: 8,
    steer: [
      {
        kind: 'add',
        dictionary: 'blocks.2.hook_resid_pre',
        feature: 7,
        strength: 2.5,
        unit: 8.41,
        layers: [1, 3],
        scope: {
          kind: 'tokens',
          ranges: [
            [2, 4],
            [9, 9],
          ],
        },
        off: true,
      },
      {
        kind: 'clamp',
        dictionary: 'blocks.2.hook_resid_pre',
        feature: 7,
        strength: 0,
        unit: 8.41,
        scope: { kind: 'text' },
      },
      {
        kind: 'scale',
        target: { kind: 'head', layer: 2, head: 1 },
        factor: 0.5,
        scope: { kind: 'generated' },
      },
      {
        kind: 'ablate',
        target: { kind: 'hook', hook: 'blocks.1.hook_mlp_out' },
        with: 'mean',
        scope: { kind: 'all' },
      },
      {
        kind: 'patch',
        target: { kind: 'head', layer: 0, head: 1 },
        align: 'end',
        text: 'A tale',
        scope: { kind: 'prompt' },
      },
      { kind: 'splice', dictionary: 'blocks.2.hook_resid_pre', error: true, scope: { kind: 'special' } },
    ],
    temperature: 0.5,
    topK: 40,
    topP: 0.9,
    penalty: 1.2,
    seed: 9,
    newTokens: 12,
    frozen: false,
    chat: true,
    system: 'Be kind',
    swept: 1,
    effect: 'feature',
    over: 'own-0123456789abcdef',
    versus: 'storyworld-3-50',
    tab: 'compare',
    by: 'together',
    find: ' Mary',
    against: 'a b',
    rank: 'contrast',
    together: [1, 2],
    without: [3],
    within: 'text',
    compare: 'corpora',
    other: 'blocks.3.hook_resid_post',
    colour: 'max',
    timed: ['encode-64', 'step-open'],
    times: 'q1YqLQ',
    expect: { position: 4, feature: 7, value: 1.5 },
  });
});

test('unknown parts are left out with a note', async () => {
  const decoded = await decodeLink('#/explore?text=a&future=1');
  expect(decoded!.view.text).toBe('a');
  expect(decoded!.notes).toEqual(['The link has a part "future" that this page does not know.']);
});

test.each([
  ['#nonsense', 'not a link'],
  ['#/explore?at=x', 'token position'],
  ['#/explore?at=-1', 'token position'],
  ['#/explore?at=99999999', 'token position'],
  ['#/explore?f=1e5', 'feature'],
  ['#/explore?sel=5-3', 'selection'],
  ['#/explore?sel=3-5,4-6', 'selection'],
  ['#/explore?sel=1-2-3', 'selection'],
  ['#/explore?pins=1,1', 'pinned'],
  [`#/explore?pins=${Array.from({ length: 51 }, (_, i) => i).join(',')}`, 'pinned'],
  ['#/explore?sort=up', 'sort order'],
  ['#/explore?tint=red', 'tint'],
  ['#/explore?loss=yes', 'loss underline'],
  ['#/explore?min=-1', 'least value'],
  ['#/explore?min=NaN', 'least value'],
  ['#/explore?dense=2', 'greatest density'],
  ['#/explore?expect=1:2', 'expected value'],
  ['#/explore?expect=1:2:3:4', 'expected value'],
  ['#/explore?md=xyz', 'digest of the model'],
  ['#/explore?model=https://evil.example/x', 'model'],
  ['#/explore?model=//evil.example/x', 'model'],
  ['#/explore?model=../../x', 'model'],
  ['#/explore?dict=%2e%2e/x', 'dictionary'],
  ['#/explore?model=hf:owner/name', 'model'],
  ['#/explore?model=hf:owner/name@main', 'model'],
  ['#/explore?look=hf:owner/name@main', 'model to look at'],
  ['#/explore?store=q4', 'storage of weights'],
  ['#/Explore?text=a', 'view'],
  ['#/explore?text=%E4', 'part "text"'],
  ['#/explore?text=%', 'part "text"'],
  ['#/explore?text=a&text=b', 'twice'],
  ['#/explore?text=a&z=b', 'more than once'],
  ['#/explore?z=!!!', 'packed text'],
  ['#/explore?z=AAAA', 'packed text'],
  ['#/explore?v=x', 'version'],
  ['#/explore?v=2', 'newer'],
  ['#/explore?long=x', 'prompt'],
  ['#/explore?v=1&c=000000&text=a', 'checksum'],
])('%s is a bad link that says what is wrong', async (fragment, what) => {
  await expect(decodeLink(fragment)).rejects.toMatchObject({
    code: 'bad-link',
    message: expect.stringContaining(what),
  });
});

test('a text that unpacks to more than the limit is refused', async () => {
  const bomb = await pack(new Uint8Array(20_000_000));
  expect(bomb.length).toBeLessThan(30_000);
  await expect(decodeLink(`#/explore?z=${bomb}`)).rejects.toMatchObject({
    code: 'bad-link',
    message: expect.stringContaining('larger than 6 MB'),
  });
});

test('a prompt too long for a link is described instead', async () => {
  let seed = 1;
  const text = Array.from({ length: 100_000 }, () => {
    seed = (seed * 48271) % 2147483647;
    return String.fromCharCode(97 + (seed % 26));
  }).join('');
  const link = await encodeLink({ ...defaultView, text });
  expect(link.length).toBeLessThan(200);
  expect(await decodeLink(link)).toMatchObject({ view: { text: '' }, longText: { length: 100_000 } });
});

test('older versions are brought up to date step by step', () => {
  const steps = new Map([
    [1, (fields: Map<string, string>) => new Map(fields).set('b', fields.get('a')!)],
    [2, (fields: Map<string, string>) => new Map(fields).set('c', `${fields.get('b')}!`)],
  ]);
  const fields = new Map([
    ['v', '1'],
    ['a', 'x'],
  ]);
  expect(Object.fromEntries(migrate(fields, steps, 3))).toEqual({ v: '3', a: 'x', b: 'x', c: 'x!' });
  expect(() => migrate(fields, new Map(), 3)).toThrow('can no longer be read');
});

test('what can be read of a damaged link is read', async () => {
  const link = await encodeLink({ ...defaultView, text: 'Anna went', feature: 7, active: 2, sort: 'max' });
  const salvage = await salvageLink(link.replace('sort=max', 'sort=mix'));
  expect(salvage.view).toMatchObject({ text: 'Anna went', feature: 7, active: 2, sort: 'value' });
  expect(salvage.parts).toContainEqual({ what: 'feature', value: '7' });
  expect((await salvageLink('#garbage')).view).toEqual(defaultView);
});
