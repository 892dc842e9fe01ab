import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { effects, markEffects } from '../src/analysis/steering/effects.ts';
import { ModelTokenizer } from '../src/model/tokenizer.ts';

const USAGE = 'usage: node scripts/run.mjs scripts/recognise.ts IDS.json MARKS.bin [EFFECTS.json]';

/**
 * Marks the tokens of texts with the properties that steering is measured by, for `training/steering.py`.
 * IDS.json: lists of token ids; MARKS.bin: for each list and token, a byte 0 or 1 for each effect.
 */
export function main([from, to, list]: readonly string[]): Promise<number> {
  if (!from || !to) {
    console.error(USAGE);
    return Promise.resolve(2);
  }
  const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
  const model = 'public/models/storyworld-2m';
  const [vocabulary, config] = ['tokenizer.json', 'tokenizer_config.json'].map((name) =>
    json(join(model, name)),
  );
  const tokenizer = new ModelTokenizer(vocabulary, config);
  const rows = json(from) as number[][];
  const parts = rows.map((ids) => {
    const marks = markEffects(tokenizer, ids);
    return Uint8Array.from({ length: ids.length * marks.length }, (_, at) => {
      return marks[at % marks.length]![Math.floor(at / marks.length)]!;
    });
  });
  writeFileSync(to, Buffer.concat(parts));
  if (list) writeFileSync(list, JSON.stringify(effects.map(({ id }) => id)));
  return Promise.resolve(0);
}
