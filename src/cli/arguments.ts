import { parseArgs } from 'node:util';
import type { BackendChoice } from '../engine/protocol.ts';

export interface AnalyzeArguments {
  text: string;
  model?: string;
  dictionary?: string;
  top: number;
  logits: 'none' | 'last' | 'all';
  captures: string[];
  storage: 'file' | 'f16' | 'f32';
  backend: BackendChoice;
  endpoint?: string;
  json: boolean;
}

/** A command line that cannot be obeyed: exit code 2. */
export class UsageError extends Error {}

export interface InspectArguments {
  /** A folder or a repository. */
  target: string;
  endpoint?: string;
  json: boolean;
}

export const USAGE = `usage: npm run -s facet -- analyze --text TEXT [options]
       npm run -s facet -- inspect DIR|REPO [options]

analyze reads a text with a model and a dictionary:
  --text T            the text to read ("-" reads standard input)
  --model M           a folder with a model (Hugging Face layout, or a .gguf file), or a repository: owner/name, with
                      @revision and :file.gguf when wanted (default: the bundled model)
  --dictionary D      a folder with a dictionary, a repository with the folder in it, as owner/name:folder, or the id of a
                      bundled one; "none" for none (default: the bundled model's first; none for --model)
  --storage S         how weights are held: file (as they are), f16 or f32 (default file)
  --backend B         what computes: webgpu, cpu, or auto: WebGPU on a graphics card, else the CPU (default auto)
  --top K             features and next tokens to print per position (default 10)
  --logits WHICH      none, last or all (default none)
  --capture HOOK      activations to print in full, e.g. blocks.1.hook_resid_pre; may be repeated

inspect prints what a folder or a repository holds and what opening it would take; it downloads configurations only.

both:
  --endpoint URL      the hub to ask (default: HF_ENDPOINT, else https://huggingface.co; HF_TOKEN is sent to it)
  --json              one line without indentation

Both print one JSON object; loss[i] is the loss of token i + 1, in nats. Downloads are kept in ~/.cache/facet.
Exit codes: 0 done, 1 could not, 2 wrong arguments.`;

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
        storage: { type: 'string', default: 'file' },
        backend: { type: 'string', default: 'auto' },
        endpoint: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
      allowPositionals: false,
    }));
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause));
  }
  const { text, model, dictionary, logits, capture, storage, backend, endpoint, json } = values;
  if (text === undefined) throw new UsageError('--text is missing');
  const top = Number(values.top);
  if (!Number.isInteger(top) || top < 1 || top > 1000)
    throw new UsageError(`--top must be a whole number from 1 to 1000, not "${values.top}"`);
  if (logits !== 'none' && logits !== 'last' && logits !== 'all')
    throw new UsageError(`--logits must be none, last or all, not "${logits}"`);
  if (storage !== 'file' && storage !== 'f16' && storage !== 'f32')
    throw new UsageError(`--storage must be file, f16 or f32, not "${storage}"`);
  if (backend !== 'auto' && backend !== 'webgpu' && backend !== 'cpu')
    throw new UsageError(`--backend must be auto, webgpu or cpu, not "${backend}"`);
  const captures = [...new Set(capture)];
  return { text, model, dictionary, top, logits, captures, storage, backend, endpoint, json };
}

/** @throws UsageError naming the argument */
export function parseInspect(argv: readonly string[]): InspectArguments {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      options: { endpoint: { type: 'string' }, json: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause));
  }
  const [target, ...others] = parsed.positionals;
  if (target === undefined || others.length > 0)
    throw new UsageError('inspect takes one folder or repository');
  return { target, ...parsed.values };
}
