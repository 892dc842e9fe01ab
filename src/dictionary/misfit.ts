import { FacetError } from '../shared/errors.ts';

/** What must agree between a dictionary and a model. */
export interface DictionaryFit {
  hook: string;
  hookOut: string;
  headIndex?: number;
  dIn: number;
  dOut: number;
  /** The model it was made for, as far as its file says. */
  modelName?: string;
}

export interface ModelFit {
  id: string;
  /** Every hook with the number of values it has per token. */
  hooks: readonly { name: string; width: number }[];
  nLayers: number;
  dModel: number;
  nHeads: number;
  dHead: number;
}

/** Why a dictionary cannot be used with a model, in words; undefined when it can. */
export function explainMisfit(dictionary: DictionaryFit, model: ModelFit): FacetError | undefined {
  const { hook, hookOut, dIn, dOut } = dictionary;
  return (
    explainHook(hook, dIn, 'reads', dictionary, model) ??
    explainHook(hookOut, dOut, 'writes', dictionary, model)
  );
}

function explainHook(
  hook: string,
  size: number,
  verb: 'reads' | 'writes',
  { headIndex, modelName }: DictionaryFit,
  { hooks, nLayers, dHead, id }: ModelFit,
): FacetError | undefined {
  const made = modelName ? `It was made for ${modelName}; this model is ${id}.` : `This model is ${id}.`;
  const mismatch = (message: string, hint = made): FacetError =>
    new FacetError('mismatch', message, { hint });
  const found = hooks.find(({ name }) => name === hook);
  if (!found) {
    const layer = /^blocks\.(\d+)\./.exec(hook)?.[1];
    if (layer !== undefined && Number(layer) >= nLayers) {
      return mismatch(
        `The dictionary ${verb} layer ${layer}; this model has ${nLayers} layers, 0 to ${nLayers - 1}.`,
      );
    }
    const start = layer === undefined ? '' : `blocks.${layer}.`;
    const others = hooks.filter(({ name }) => (start ? name.startsWith(start) : !name.startsWith('blocks.')));
    return mismatch(
      `The dictionary ${verb} "${hook}", which this model does not have.`,
      `${made} It has ${others.map(({ name }) => name).join(', ') || 'no such hooks'}.`,
    );
  }
  if (headIndex === undefined) {
    if (found.width === size) return undefined;
    return mismatch(
      `The dictionary ${verb} ${size} values per token at "${hook}"; this model has ${found.width} there.`,
    );
  }
  const heads = Math.floor(found.width / dHead);
  if (headIndex >= heads)
    return mismatch(`The dictionary ${verb} head ${headIndex} of "${hook}"; this model has ${heads} there.`);
  if (size === dHead) return undefined;
  return mismatch(
    `The dictionary ${verb} ${size} values of head ${headIndex} at "${hook}"; this model's heads have ${dHead}.`,
  );
}

/** Names of one model that differ. */
const SAME: readonly (readonly string[])[] = [
  ['gpt2', 'gpt2-small'],
  ['gemma-3-270m', 'gemma-3-270m-pt'],
];

/** A sentence when a dictionary that fits was made for a model of another name; it may be the same model renamed. */
export function warnOfOtherModel(dictionary: DictionaryFit, model: Pick<ModelFit, 'id'>): string | undefined {
  const [theirs, ours] = [plainName(dictionary.modelName ?? ''), plainName(model.id)];
  if (!theirs || theirs === ours) return undefined;
  return `This dictionary was made for ${dictionary.modelName}, not for ${model.id}: what it shows may mean nothing.`;
}

function plainName(name: string): string {
  const last = name
    .replace(/@[^@/]*$/, '')
    .split('/')
    .at(-1)!
    .toLowerCase();
  return SAME.find((names) => names.includes(last))?.[0] ?? last;
}
