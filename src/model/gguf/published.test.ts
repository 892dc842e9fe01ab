import { createHash } from 'node:crypto';
import { existsSync, openAsBlob, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { expect, test } from 'vitest';
import { GgufReader } from '../../library/gguf.ts';
import { inBlob } from '../../library/random-access.ts';
import { fromGguf } from './index.ts';

interface Golden {
  file: string;
  config: Record<string, unknown>;
  rmsNormEps: number;
  ropeTheta: number;
  tensors: Record<string, string>;
  tokenizer: { texts: string[]; ids: number[][]; full: number[] };
}

/** Published files are too large for this repository; `training/goldens_gguf.py` says where they come from. */
const folder = process.env.GGUF_FOLDER ?? '';
const goldens = ['smollm2-135m', 'gemma-3-270m'].map(
  (name) => JSON.parse(readFileSync(new URL(`goldens/${name}.json`, import.meta.url), 'utf8')) as Golden,
);

for (const golden of goldens) {
  const path = join(folder, golden.file);
  test.skipIf(!existsSync(path))(
    `${golden.file} (of the folder in GGUF_FOLDER) gives what transformers makes of it`,
    async () => {
      const file = await GgufReader.open(golden.file, inBlob(golden.file, await openAsBlob(path)));
      const { config, weights, tokenizer } = await fromGguf(file);
      expect(config).toMatchObject({
        ...golden.config,
        rope_theta: golden.ropeTheta,
        rms_norm_eps: expect.closeTo(golden.rmsNormEps, 12),
      });
      expect(weights.names().sort()).toEqual(Object.keys(golden.tensors).sort());
      for (const [name, sha256] of Object.entries(golden.tensors)) {
        expect(weights.info(name)!.dtype).toBe('F32');
        const found = createHash('sha256')
          .update(await weights.read(name))
          .digest('hex');
        expect(found.slice(0, 16), name).toBe(sha256);
      }
      const { texts, ids, full } = golden.tokenizer;
      const made = new Tokenizer(tokenizer.json as object, tokenizer.config as object);
      expect(texts.map((text) => made.encode(text, { add_special_tokens: false }).ids)).toEqual(ids);
      expect(made.encode('a').ids).toEqual(full);
    },
    120_000,
  );
}
