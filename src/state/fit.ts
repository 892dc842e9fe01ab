import type { DictionaryInspection, ModelInspection } from '../engine/protocol.ts';

type Dictionary = Pick<DictionaryInspection, 'hook' | 'hookOut' | 'dIn' | 'modelName'>;
type Model = Pick<ModelInspection, 'hooks' | 'config' | 'family'>;

/**
 * Why a dictionary does not fit a model, in words, as far as their descriptions tell; the engine decides when it opens
 * them. @returns `undefined` when nothing speaks against it
 */
export function misfit(dictionary: Dictionary, model: Model): string | undefined {
  // A model that cannot be read says nothing of its hooks.
  if (model.hooks.length === 0) return undefined;
  const widths = new Map(model.hooks.map(({ name, width }) => [name, width]));
  for (const hook of [dictionary.hook, dictionary.hookOut]) {
    if (hook === undefined || widths.has(hook)) continue;
    const layer = /^blocks\.(\d+)\./.exec(hook)?.[1];
    const layers = model.config?.nLayers;
    if (layer !== undefined && layers !== undefined && Number(layer) >= layers) {
      return `It reads ${hook}, and this model has ${layers} layers: blocks.0 to blocks.${layers - 1}.`;
    }
    return `It reads ${hook}, which models of the family ${model.family} do not have.`;
  }
  const width = dictionary.hook === undefined ? undefined : widths.get(dictionary.hook);
  if (width !== undefined && dictionary.dIn !== undefined && width !== dictionary.dIn) {
    return `It was made for activations of ${dictionary.dIn} values a token; at ${dictionary.hook} this model has ${width}.`;
  }
  return undefined;
}

/** What to mention though it may fit: it was trained on a model of another name. */
export function otherModel({ modelName }: Dictionary, title: string): string | undefined {
  if (!modelName) return undefined;
  const short = (name: string): string =>
    name
      .toLowerCase()
      .replace(/^.*\//, '')
      .replace(/[^a-z0-9]/g, '');
  const [theirs, ours] = [short(modelName), short(title)];
  // `gpt2-small` and `gpt2`, `pythia-70m` and `pythia-70m-deduped` are written either way.
  return theirs.startsWith(ours) || ours.startsWith(theirs)
    ? undefined
    : `It says it was trained on ${modelName}.`;
}
