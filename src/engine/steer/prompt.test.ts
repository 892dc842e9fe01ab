import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import chat from '../../model/goldens/chat.json';
import { ModelTokenizer } from '../../model/tokenizer.ts';
import type { Prompt } from '../protocol.ts';
import type { Session } from '../session.ts';
import { describePrompting, readPrompt } from './prompt.ts';
import { chosenRow, readRows } from './rows.ts';

/** A session with the tokenizer of a golden, and its chat template if it is to have one. */
function session(kind: string, hasTemplate = true, hasPrefix = true): Session {
  const golden = chat.find(({ tokenizer }) => tokenizer === kind)!;
  const file = new URL(`../../model/goldens/tokenizers/${kind}.json`, import.meta.url);
  const { tokenizer: json, config } = JSON.parse(readFileSync(file, 'utf8')) as {
    tokenizer: { added_tokens: object[] };
    config: object;
  };
  const tokenizer = new ModelTokenizer(
    { ...json, added_tokens: [...json.added_tokens, ...golden.added] },
    { ...config, chat_template: hasTemplate ? golden.template : null },
    { family: 'llama' },
  );
  const opened = { tokenizer, prefix: hasPrefix ? tokenizer.prefix : [], info: { nCtx: 16 } };
  return { opened, split: (text: string) => tokenizer.tokenize(text) } as unknown as Session;
}

const hello: Prompt = { kind: 'chat', messages: [{ role: 'user', content: 'Hello <s> there' }] };

test('a text is read after the prefix, special tokens in it as text', async () => {
  const { ids, special, prefix, tokens } = await readPrompt(session('llama2'), {
    kind: 'text',
    text: 'a <s>',
  });
  expect([prefix, ids[0], special[0], special.lastIndexOf(true)]).toEqual([1, 1, true, 0]);
  expect(tokens).toHaveLength(ids.length);
});

test('a conversation is read through the template, special tokens in it as such; its first is the prefix', async () => {
  const { ids, special, prefix } = await readPrompt(session('llama2'), hello);
  expect([prefix, ids[0]]).toEqual([1, 1]);
  expect(special.filter(Boolean)).toHaveLength(2);
  // ChatML begins with a special token as well, but with none that begins a text.
  const qwen = await readPrompt(session('qwen'), hello);
  expect([qwen.prefix, qwen.special[0]]).toEqual([0, true]);
});

test.each<[string, Session, Prompt, object]>([
  ['no template', session('llama3', false), hello, { code: 'unsupported' }],
  ['nothing to read', session('qwen'), { kind: 'text', text: '' }, {}],
  ['no messages', session('qwen'), { kind: 'chat', messages: [] }, { code: 'bad-input' }],
  [
    'an unknown role',
    session('qwen'),
    { kind: 'chat', messages: [{ role: 'tool' as 'user', content: '' }] },
    { code: 'bad-input' },
  ],
  [
    'a role the template refuses',
    session('gemma'),
    { kind: 'chat', messages: [{ role: 'system', content: 'x' }] },
    { code: 'bad-input', message: expect.stringContaining('System role not supported') as string },
  ],
])('%s', async (what, given, prompt, expected) => {
  if (what === 'nothing to read') {
    // A prefix is enough to go on from; without one there must be a token.
    const { ids } = await readPrompt(given, prompt);
    expect(ids).toHaveLength(1);
    await expect(readPrompt(session('qwen', true, false), prompt)).rejects.toMatchObject({
      code: 'bad-input',
    });
    return;
  }
  await expect(readPrompt(given, prompt)).rejects.toMatchObject(expected);
});

test('what the tokenizer says of prompts', async () => {
  expect(await describePrompting(session('llama3', false))).toMatchObject({ chat: false });
  const llama3 = session('llama3');
  const { chat: has, ends } = await describePrompting(llama3);
  expect([has, ends.map((id) => llama3.opened.tokenizer.text(id))]).toEqual([
    true,
    ['<|end_of_text|>', '<|eot_id|>'],
  ]);
});

test('rows of a conversation whose end is read are those of all of it, as when it is continued', async () => {
  const content = 'one two three four five six seven eight nine ten eleven twelve';
  const long: Prompt = { kind: 'chat', messages: [{ role: 'user', content }] };
  const given = session('llama2');
  const all = await readPrompt(given, long);
  const { rows, ids, prefix, windowStart, totalTokens } = await readRows(given, long, 0);
  expect([ids.length, prefix, windowStart]).toEqual([16, 1, totalTokens - 15]);
  expect(windowStart).toBeGreaterThan(0);
  expect(rows.promptRows).toBe(all.ids.length);
  expect(rows.rows[0]).toBe(0);
  expect(rows.rows.map((row) => all.ids[row])).toEqual([...ids]);
  expect(rows.rows.map((row) => all.special[row])).toEqual(rows.special);
  expect(chosenRow(all.ids.length - 2, rows)).toBe(14);
  // The last, where it is not read.
  expect([chosenRow(1, rows), chosenRow(1e6, rows), chosenRow(undefined, rows)]).toEqual([15, 15, 15]);
  expect(() => chosenRow(-1, rows)).toThrow('There is no row -1');
});

test('rows of a text are those of its window', async () => {
  const text = 'one two three four five six seven eight nine ten eleven twelve';
  const { rows, ids, windowStart } = await readRows(session('llama2'), { kind: 'text', text }, 3);
  expect([ids.length, windowStart, rows.promptRows, rows.rows[15]]).toEqual([16, 3, 16, 15]);
  expect([chosenRow(4, rows), chosenRow(99, rows)]).toEqual([4, 15]);
});
