import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FacetError } from '../shared/errors.ts';
import { renderChat } from './chat-template.ts';
import goldens from './goldens/chat.json';
import { ModelTokenizer } from './tokenizer.ts';

interface Case {
  messages: { role: string; content: string }[];
  text?: string;
  ids?: number[];
  refused?: string;
}

function open(kind: (typeof goldens)[number]): ModelTokenizer {
  const file = new URL(`goldens/tokenizers/${kind.tokenizer}.json`, import.meta.url);
  const { tokenizer, config } = JSON.parse(readFileSync(file, 'utf8')) as {
    tokenizer: { added_tokens: object[] };
    config: object;
  };
  const added_tokens = [...tokenizer.added_tokens, ...kind.added];
  return new ModelTokenizer({ ...tokenizer, added_tokens }, { ...config, chat_template: kind.template });
}

describe.each(goldens.map((kind) => [kind.tokenizer, kind] as const))('%s', (_, kind) => {
  const tokenizer = open(kind);
  test.each((kind.cases as Case[]).map((one) => [one.messages.map(({ role }) => role).join(), one] as const))(
    'as transformers renders and reads it: %s',
    async (_roles, { messages, text, ids, refused }) => {
      const rendering = renderChat(tokenizer.chatTemplate!, messages, tokenizer.specialTexts);
      if (refused !== undefined) {
        await expect(rendering).rejects.toThrow(refused);
        await expect(rendering).rejects.toMatchObject({ code: 'bad-input' });
        return;
      }
      expect(await rendering).toBe(text);
      const { tokens } = tokenizer.tokenize(text!, { specials: 'tokens' });
      expect(tokens.map(({ id }) => id)).toEqual(ids);
      expect(tokens.some(({ special }) => special)).toBe(true);
    },
  );

  test('the end of a turn ends what the model says', () => {
    const ends = tokenizer.endIds.map((id) => tokenizer.text(id));
    expect(ends).toContain(
      { qwen: '<|im_end|>', llama3: '<|eot_id|>', gemma: '<end_of_turn>', llama2: '</s>' }[kind.tokenizer],
    );
    expect(ends).not.toContain('<s>');
  });
});

describe('templates are programs of strangers', () => {
  const run = (template: string): Promise<string> =>
    renderChat(template, [{ role: 'user', content: 'x' }], { bos_token: '<s>' });
  const long = (body: string): string => `{% set ns = namespace(a='aaaaaaaa', b=[1]) %}${body}`;

  test.each([
    ['endless', `${'{% for i in range(1000) %}'.repeat(4)}{{ i }}${'{% endfor %}'.repeat(4)}`, /too long/],
    ['a vast range', '{% for i in range(1000000000) %}{% endfor %}', /too much/],
    ['backwards without end', '{% for i in range(0, 5, 0) %}{% endfor %}', /too much/],
    ['doubling text', long(`{% for i in range(60) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}`), /too much/],
    ['doubling lists', long(`{% for i in range(60) %}{% set ns.b = ns.b + ns.b %}{% endfor %}`), /too much/],
    ['calling itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}', /cannot be used/],
    ['not closed', '{% for i in messages %}', /cannot be used/],
    ['unknown filter', "{{ 'a' | frobnicate }}", /cannot be used/],
    ['a constructor', "{{ messages.constructor.constructor('return self')() }}", /cannot be used/],
    ['too long to read', ' '.repeat(70_000), /at most 65,536/],
  ])('%s', async (_, template, words) => {
    const running = run(template);
    await expect(running).rejects.toThrow(words);
    await expect(running).rejects.toBeInstanceOf(FacetError);
    await expect(running).rejects.toMatchObject({ code: 'unsupported' });
  });

  test('what they may use', async () => {
    expect(await run('{{ bos_token }}{{ messages[0].content }}{{ pad_token }}')).toBe('<s>x');
    expect(await run('{% for i in range(2, 8, 3) %}{{ i }},{% endfor %}{{ none is none }}')).toBe('2,5,true');
    expect(await run("{{ strftime_now('%d %b %Y, %q') }}")).toMatch(/^\d\d [A-Z][a-z]{2} \d{4}, %q$/);
    expect(await run('{% if true %}\n    {{- 1 }}\n  {% endif %}\nx')).toBe('1\nx');
  });
});
