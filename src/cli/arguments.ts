import { parseArgs } from 'node:util';

export interface AnalyzeArguments {
  text: string;
  model?: string;
  dictionary?: string;
  top: number;
  logits: 'none' | 'last' | 'all';
  captures: string[];
  json: boolean;
}

/** A command line that cannot be obeyed: exit code 2. */
export class UsageError extends Error {}

export const USAGE = `usage: npm run -s facet -- analyze --text TEXT [options]

  --text T            the text to read ("-" reads standard input)
  --model DIR         folder with config.json, model.safetensors, tokenizer.json (default: the bundled model)
  --dictionary DIR    folder with cfg.json, sae_weights.safetensors, or the id of a bundled dictionary;
                      "none" for none (default: the bundled model's first; none for --model DIR)
  --top K             features and next tokens to print per position (default 10)
  --logits WHICH      none, last or all (default none)
  --capture HOOK      activations to print in full, e.g. blocks.1.hook_resid_pre; may be repeated
  --json              one line without indentation

Prints one JSON object; loss[i] is the loss of token i + 1, in nats. Exit codes: 0 done, 1 could not, 2 wrong arguments.`;

/** @throws UsageError naming the argument */
export function parseAnalyze(argv: readonly string[]): AnalyzeArguments {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        text: { type: 'string' },
        model: { type: 'string' },
        dictionary: { type: 'string' },
        top: { type: 'string', default: '10' },
        logits: { type: 'string', default: 'none' },
        capture: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
      },
      allowPositionals: false,
    }));
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause));
  }
  const { text, model, dictionary, logits, capture, json } = values;
  if (text === undefined) throw new UsageError('--text is missing');
  const top = Number(values.top);
  if (!Number.isInteger(top) || top < 1 || top > 1000)
    throw new UsageError(`--top must be a whole number from 1 to 1000, not "${values.top}"`);
  if (logits !== 'none' && logits !== 'last' && logits !== 'all')
    throw new UsageError(`--logits must be none, last or all, not "${logits}"`);
  return { text, model, dictionary, top, logits, captures: [...new Set(capture)], json };
}
