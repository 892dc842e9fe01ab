import { beforeEach, expect, test, vi } from 'vitest';
import type { OpenedModel } from '../engine/protocol.ts';
import { writeNotes } from '../exchange/notes-file.ts';
import { labelOf, notedFeatures, useNotes } from './notes.ts';
import { theShelf } from './notes-shelf.ts';
import { usePage } from './store.ts';

// Node has no IndexedDB: what is kept here is kept by the page. The browser's is in e2e/exchange.spec.ts.
let count = 0;
/** Opens a model and a dictionary nothing was written about yet. */
function openOther(): { model: string; modelDigest: string; dictionary: string; dictionaryDigest: string } {
  const dictionaryDigest = (++count).toString(16).padStart(16, '0');
  const of = { model: 'm', modelDigest: 'a'.repeat(16), dictionary: `d${count}`, dictionaryDigest };
  usePage.setState({
    opened: {
      model: { id: of.model, digest: of.modelDigest },
      dictionary: { id: of.dictionary, digest: dictionaryDigest, hook: 'blocks.2.hook_resid_pre', dSae: 100 },
    } as OpenedModel,
  });
  return of;
}
const notes = () => useNotes.getState();
const loaded = (): Promise<void> => vi.waitFor(() => expect(notes().loaded).toBe(true));
const saved = (): Promise<void> => vi.waitFor(() => expect(notes().saving).toBe(false));
const jsonFile = (content: string, name = 'file.json'): File => new File([content], name);
const at = (label: string, changed: number) => ({
  label: { text: label, changed },
  note: { text: '', changed: 0 },
});

beforeEach(async () => {
  notes().want();
  openOther();
  await loaded();
});

test('a label is there at once, is kept, and belongs to one dictionary', async () => {
  const { opened } = usePage.getState();
  notes().write(3, { label: 'cats' });
  expect(labelOf(3)(notes())).toBe('cats');
  await saved();
  expect(notes().lasting).toBe(false);
  openOther();
  expect(labelOf(3)(notes())).toBeUndefined();
  await loaded();
  expect(labelOf(3)(notes())).toBeUndefined();
  usePage.setState({ opened });
  await loaded();
  expect(labelOf(3)(notes())).toBe('cats');
});

test('edits in a row are kept to the last, also when they come while one is being kept', async () => {
  for (const text of ['c', 'ca', 'cat']) notes().write(1, { label: text });
  notes().write(2, { note: 'other' });
  await Promise.resolve();
  notes().write(1, { label: 'cats', note: 'n' });
  await saved();
  const kept = await (await theShelf()).load(notes().of!);
  expect(kept.notes[1]).toMatchObject({ label: { text: 'cats' }, note: { text: 'n' } });
  expect(kept.notes[2]).toMatchObject({ note: { text: 'other' } });
  expect(notedFeatures(notes())).toEqual([1, 2]);
  notes().write(1, { label: '', note: '' });
  expect(notedFeatures(notes())).toEqual([2]);
});

test('an edit is newer than what it changes, whatever the clock and a file say', async () => {
  const of = notes().of!;
  const future = Date.now() + 1e9;
  await notes().take(
    jsonFile(writeNotes([{ ...of, notes: [{ feature: 1, ...at('future', future) }], explanations: [] }])),
  );
  expect(labelOf(1)(notes())).toBe('future');
  notes().write(1, { label: 'mine' });
  await saved();
  expect(labelOf(1)(notes())).toBe('mine');
});

test('another tab’s newer edit is shown, its older one is not', async () => {
  const of = notes().of!;
  const channel = new BroadcastChannel('facet-notes');
  const say = (label: string, changed: number, about = of): void =>
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no target
    channel.postMessage({ of: about, feature: 7, note: at(label, changed) });
  notes().write(7, { label: 'mine' });
  const { changed } = notes().notes[7]!.label;
  say('newer', changed + 10);
  await vi.waitFor(() => expect(labelOf(7)(notes())).toBe('newer'));
  say('older', changed - 10);
  say('newest', changed + 20);
  await vi.waitFor(() => expect(labelOf(7)(notes())).toBe('newest'));
  say('of another dictionary', changed + 1e9, { ...of, dictionaryDigest: 'f'.repeat(16) });
  say('last', changed + 30);
  await vi.waitFor(() => expect(labelOf(7)(notes())).toBe('last'));
  channel.close();
});

test('a file brings notes to the dictionaries they are of, and says what came in', async () => {
  const first = notes().of!;
  notes().write(1, { label: 'mine' });
  notes().write(2, { label: 'same' });
  await saved();
  const { changed } = notes().notes[1]!.label;
  const other = { ...first, dictionary: 'other', dictionaryDigest: 'e'.repeat(15) + String(count % 10) };
  const report = await notes().take(
    jsonFile(
      writeNotes([
        {
          ...first,
          notes: [
            { feature: 1, ...at('theirs', changed + 5) },
            { feature: 2, ...at('same', 1) },
            { feature: 3, ...at('new', 1) },
            { feature: 4, ...at('', 1) },
          ],
          explanations: [],
        },
        { ...other, notes: [{ feature: 9, ...at('elsewhere', 1) }], explanations: [] },
      ]),
    ),
  );
  expect(report.notes).toEqual({ added: 2, changed: 1, kept: 1, replaced: 1 });
  expect(labelOf(1)(notes())).toBe('theirs');
  // Nothing is lost: what gave way is among the explanations.
  expect(notes().explanations[1]).toMatchObject([{ description: 'mine', type: 'earlier label' }]);
  expect(labelOf(9)(notes())).toBeUndefined();
  expect((await (await theShelf()).load(other)).notes[9]!.label.text).toBe('elsewhere');
  const all = { dictionaries: await notes().all() };
  expect(all.dictionaries.map(({ dictionary }) => dictionary)).toEqual(
    expect.arrayContaining([first.dictionary, 'other']),
  );
});

test('a copy brings back what was deleted', async () => {
  notes().write(1, { label: 'gone' });
  await saved();
  const copy = writeNotes(await notes().all());
  notes().write(1, { label: '' });
  await saved();
  expect(labelOf(1)(notes())).toBeUndefined();
  await notes().take(jsonFile(copy));
  expect(labelOf(1)(notes())).toBe('gone');
});

const explained = (layer: string, index: number, description: string) =>
  JSON.stringify({
    modelId: 'gpt2-small',
    layer,
    index,
    description,
    typeName: 't',
    explanationModelName: 'a',
  });

test('explanations come to the open dictionary, from the source that fits it', async () => {
  const lines = [
    explained('2-res-jb', 1, 'one'),
    explained('2-res-jb', 100, 'beyond'),
    explained('3-res-jb', 1, 'other'),
  ];
  const report = await notes().take(jsonFile(lines.join('\n'), 'batch-0.jsonl'));
  expect(report).toMatchObject({ explanations: { added: 1 }, outside: 1, warning: undefined });
  expect(labelOf(1)(notes())).toBe('one');
  notes().write(1, { label: 'mine' });
  expect(labelOf(1)(notes())).toBe('mine');
  await notes().dropExplanation(1, notes().explanations[1]![0]!);
  expect(notes().explanations[1]).toEqual([]);
  const warned = await notes().take(jsonFile(explained('5-res-jb', 1, 'x'), 'x.jsonl'));
  expect(warned.warning).toContain('reads layer 2');
  const two = [explained('5-res-jb', 1, 'one'), explained('6-res-jb', 1, 'x')].join('\n');
  await expect(notes().take(jsonFile(two, 'x.jsonl'))).rejects.toThrow('about 2 dictionaries');
});

test('a feature of another page is kept beside what is measured', async () => {
  const feature = {
    modelId: 'gpt2-small',
    layer: '2-res-jb',
    index: '5',
    maxActApprox: 3,
    explanations: [{ description: 'birds' }],
    activations: [],
  };
  const report = await notes().take(jsonFile(JSON.stringify(feature)));
  expect(report).toMatchObject({ feature: 5, explanations: { added: 1 } });
  expect(notes().features[5]).toMatchObject({ source: 'gpt2-small/2-res-jb', max: 3 });
  expect(labelOf(5)(notes())).toBe('birds');
  await notes().dropFeature(5);
  expect(notes().features[5]).toBeUndefined();
  await expect(notes().take(jsonFile(JSON.stringify({ ...feature, index: 100 })))).rejects.toThrow(
    'no feature 100',
  );
});

test('files that are none of these are refused by name', async () => {
  await expect(notes().take(jsonFile('{"format":"facet-session"}'))).rejects.toThrow('is a session');
  await expect(notes().take(jsonFile('hello'))).rejects.toThrow('holds no explanations');
  await expect(notes().take(jsonFile('{"format":"facet-notes","version":9}'))).rejects.toThrow('newer Facet');
  usePage.setState({ opened: undefined });
  await expect(notes().take(jsonFile(explained('2-res-jb', 1, 'x')))).rejects.toThrow('none is open');
});

test('what the page was closed on is there the next time', async () => {
  const of = notes().of!;
  const stored = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    removeItem: (key: string) => stored.delete(key),
  });
  stored.set(
    'facet-notes-unsaved',
    writeNotes([{ ...of, notes: [{ feature: 8, ...at('late', 5) }], explanations: [] }]),
  );
  openOther();
  await loaded();
  expect(stored.size).toBe(0);
  expect((await (await theShelf()).load(of)).notes[8]!.label.text).toBe('late');
  stored.set('facet-notes-unsaved', 'damaged');
  openOther();
  await loaded();
  expect(stored.size).toBe(0);
  vi.unstubAllGlobals();
});
