import { explainMisfit, warnOfOtherModel } from '../dictionary/misfit.ts';
import type { DictionaryInspection, ModelInspection } from '../engine/protocol.ts';

type Dictionary = Pick<DictionaryInspection, 'hook' | 'hookOut' | 'dIn' | 'modelName'>;

/**
 * Why a dictionary does not fit a model, in words, as far as their descriptions tell; what they leave open is taken to
 * agree, and the engine decides when it opens them. @returns `undefined` when nothing speaks against it
 */
export function misfit(dictionary: Dictionary, model: ModelInspection, id: string): string | undefined {
  const fit = comparable(dictionary, model, id);
  const error = fit && explainMisfit(...fit);
  return error && [error.message, error.hint].filter(Boolean).join(' ');
}

/** What to know though it may fit: it was made for a model of another name. */
export function otherModel(dictionary: Dictionary, model: ModelInspection, id: string): string | undefined {
  const fit = comparable(dictionary, model, id);
  return fit && warnOfOtherModel(...fit);
}

function comparable(
  { hook, hookOut = hook, dIn, modelName }: Dictionary,
  { hooks, config }: ModelInspection,
  id: string,
): Parameters<typeof explainMisfit> | undefined {
  if (hook === undefined || hookOut === undefined || !config || hooks.length === 0) return undefined;
  const widthOf = (name: string): number => hooks.find((other) => other.name === name)?.width ?? 0;
  // One head of several: which one is in the file's own configuration.
  const headIndex = dIn === config.dHead && dIn !== widthOf(hook) ? 0 : undefined;
  const dOut = headIndex === undefined ? widthOf(hookOut) : config.dHead;
  return [
    { hook, hookOut, dIn: dIn ?? widthOf(hook), dOut, headIndex, modelName },
    { ...config, hooks, id },
  ];
}
