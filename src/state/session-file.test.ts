import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FacetError } from '../shared/errors.ts';
import { missingFrom, readSession, type SessionFile, writeSession } from './session-file.ts';

const session: SessionFile = {
  made: 5,
  link: '#/features?v=1&f=3',
  notes: [
    {
      model: 'm',
      modelDigest: '0'.repeat(16),
      dictionary: 'd',
      dictionaryDigest: 'f'.repeat(16),
      notes: [{ feature: 3, label: { text: 'l', changed: 1 }, note: { text: 'n', changed: 2 } }],
      explanations: [],
    },
  ],
  recipes: [
    {
      name: 'r',
      model: 'm',
      modelDigest: '0'.repeat(16),
      steer: [{ on: 'feature' } as never],
    },
  ],
  corpora: [
    { id: 'own-0123456789abcdef', name: 'mine.txt', items: 10 },
    { id: 'storyworld-1-300', name: 'Storyworld', items: 300 },
  ],
  scans: [
    {
      corpus: 'own-0123456789abcdef',
      corpusName: 'mine.txt',
      model: 'm',
      dictionary: 'd',
      items: 8,
      totalItems: 10,
      tokens: 90,
    },
  ],
};

test('a session is read as it was written', () => {
  const plain = { ...session, recipes: [] };
  expect(readSession(writeSession(plain))).toEqual(plain);
  fc.assert(
    fc.property(
      fc.string({ maxLength: 50 }),
      fc.array(
        fc.record({ id: fc.string({ maxLength: 80 }), name: fc.string(), items: fc.nat({ max: 1e6 }) }),
      ),
      (link, corpora) => {
        const any = { ...plain, link: `#${link}`, corpora };
        expect(readSession(writeSession(any))).toEqual(any);
      },
    ),
  );
});

test('a session says what is wrong with it', () => {
  const file = (part: object): string => writeSession({ ...session, recipes: [], ...part });
  expect(() => readSession('no')).toThrow('is not JSON');
  expect(() => readSession('{"format":"facet-notes","version":1}')).toThrow('is not a session');
  // A session leads to a view of this page, never to another address.
  expect(() => readSession(file({ link: 'https://elsewhere.test/' }))).toThrow('link');
  expect(() => readSession(writeSession(session))).toThrow('recipes.0.steer');
  expect(() => readSession(file({ corpora: [{ id: 1 }] }))).toThrow('corpora.0');
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (content) => {
      expect(() => readSession(content)).toThrow(FacetError);
    }),
  );
});

test('what a session rests on and is not here is told', () => {
  const nothing = { corpora: new Set<string>(), scans: [] };
  expect(missingFrom(session, nothing)).toEqual({ corpora: [session.corpora[0]], scans: session.scans });
  const [scan] = session.scans;
  const here = { corpora: new Set(['own-0123456789abcdef']), scans: [{ ...scan!, items: 8 }] };
  expect(missingFrom(session, here)).toEqual({ corpora: [], scans: [] });
  expect(missingFrom(session, { ...here, scans: [{ ...scan!, items: 7 }] }).scans).toHaveLength(1);
  expect(missingFrom(session, { ...here, scans: [{ ...scan!, dictionary: 'other' }] }).scans).toHaveLength(1);
});
