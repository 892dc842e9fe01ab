import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { generate, SEED_LIMIT } from './generate.ts';
import { registers } from './registers/index.ts';
import type { Item, RegisterId } from './types.ts';

const USAGE = `usage: npm run -s storyworld -- --tokens N --seed S [options]

  --tokens N       stop after about N pieces (words and punctuation marks; a model's tokens are about as many)
  --seed S         which language sample; items are numbered from 0 and do not depend on N
  --start I        first item (default 0)
  --registers A,B  only these: ${registers.map(({ id }) => id).join(', ')}
  --out DIR        folder to write storyworld-S.jsonl to (default training/work)
  --no-spans       leave the labels out: register, text, tasks and [start, end, nats] where the surprise is known

Writes one JSON object a line: register, text, spans (labels per piece), tasks. See src/storyworld/types.ts.`;

/** @returns exit code: 0 done, 2 wrong arguments */
export async function main(argv: readonly string[]): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        tokens: { type: 'string' },
        seed: { type: 'string' },
        start: { type: 'string', default: '0' },
        registers: { type: 'string' },
        out: { type: 'string', default: 'training/work' },
        'no-spans': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (cause) {
    return usage(String(cause instanceof Error ? cause.message : cause));
  }
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [tokens, seed, start] = [values.tokens, values.seed, values.start].map(Number) as [
    number,
    number,
    number,
  ];
  if (!Number.isSafeInteger(tokens) || tokens < 1) return usage('--tokens must be a whole number above 0');
  const inRange = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < SEED_LIMIT;
  if (values.seed === '' || !inRange(seed)) return usage('--seed must be a whole number below 2^32');
  if (values.start === '' || !inRange(start)) return usage('--start must be a whole number below 2^32');
  const chosen = values.registers?.split(',') as RegisterId[] | undefined;
  const unknown = chosen?.find((id) => !registers.some((register) => register.id === id));
  if (unknown !== undefined) return usage(`there is no register "${unknown}"`);

  mkdirSync(values.out, { recursive: true });
  const path = join(values.out, `storyworld-${seed}.jsonl`);
  const file = createWriteStream(path);
  let written = 0;
  let index = start;
  for (; written < tokens; index++) {
    const item = generate(seed, index, { registers: chosen });
    written += item.spans.length;
    const line = values['no-spans'] ? slim(item) : item;
    if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, 'drain');
  }
  file.end();
  await finished(file);
  console.log(`${path}: ${index - start} items, ${written} pieces`);
  return 0;
}

function slim({ register, text, tasks, spans }: Item): object {
  return {
    register,
    text,
    tasks,
    nats: spans.filter((span) => span.nats !== undefined).map(({ start, end, nats }) => [start, end, nats]),
  };
}

function usage(message: string): number {
  console.error(`storyworld: ${message}\n\n${USAGE}`);
  return 2;
}
