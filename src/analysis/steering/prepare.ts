import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Transformer } from '../../model/transformer.ts';
import { FacetError } from '../../shared/errors.ts';
import type { Bases, Lent } from './bases.ts';
import { activationOf, checkFeature, checkReplaceable, inLayer, placeOf } from './check.ts';
import { latentStep, patchStep, replaceStep, scaleStep, spliceStep, type Step } from './edits.ts';
import type { Intervention } from './intervention.ts';
import { matchedRow } from './rows.ts';
import { steeringOf } from './steps.ts';
import type { Steering } from './steering.ts';

/** Rows of a text, prefix included. */
export interface TextRows {
  ids: Uint32Array<ArrayBuffer>;
  /** [T] it is not text. */
  special: readonly boolean[];
}

/** What interventions are prepared with. */
export interface Preparation {
  model: Transformer;
  bases: Bases;
  /** Runs GPU work in turn; see `Session.turn`. */
  turn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** What means are taken over: the prompt, as far as the model reads it at once. */
  ids: Uint32Array<ArrayBuffer>;
  /** Rows of another text: its first where it is too long, or its last. */
  read: (text: string, part: 'start' | 'end') => TextRows;
}

type Ready = Intervention<Dictionary>;
type Of<Kind extends Ready['kind']> = Extract<Ready, { kind: Kind }>;

/**
 * Interventions ready to be run: means and activations of other texts are read here, a turn for each not read before.
 * @param release called once the steering is disposed of, or cannot be made
 * @throws FacetError `bad-input` for features, heads, hooks and layers that are not there, `unsupported` for hooks that
 *   cannot be changed, `cancelled`
 */
export async function prepareInterventions(
  preparation: Preparation,
  interventions: readonly Ready[],
  release: () => void,
): Promise<Steering> {
  const lent: Lent[] = [];
  const releaseAll = (): void => {
    for (const each of lent) each[Symbol.dispose]();
    release();
  };
  try {
    const steps: Step[] = [];
    for (const intervention of interventions) steps.push(...(await stepsOf(preparation, intervention, lent)));
    return steeringOf(preparation.model.config, steps, releaseAll);
  } catch (thrown) {
    releaseAll();
    throw thrown;
  }
}

async function stepsOf(
  preparation: Preparation,
  intervention: Ready,
  lent: Lent[],
): Promise<readonly Step[]> {
  switch (intervention.kind) {
    case 'add':
      return addSteps(preparation, intervention);
    case 'clamp': {
      const { strength, unit } = intervention;
      return [latent(preparation, intervention, { constant: strength * unit, byActivation: -1 })];
    }
    case 'splice': {
      const { dictionary, error, scope } = intervention;
      const place = placeOf(dictionary, preparation.model.config, true);
      return [spliceStep({ ...place, scope }, dictionary, error)];
    }
    case 'scale':
      return [scaled(preparation, intervention)];
    case 'ablate':
      return [await ablated(preparation, intervention)];
    case 'patch':
      return [await patched(preparation, intervention, lent)];
  }
}

function latent(
  { model }: Preparation,
  { dictionary, feature, scope }: { dictionary: Dictionary; feature: number; scope: Ready['scope'] },
  weight: { constant: number; byActivation: number },
): Step {
  checkFeature(dictionary, feature);
  const looks = weight.byActivation !== 0 || dictionary.rescales;
  return latentStep({ ...placeOf(dictionary, model.config, looks), scope }, dictionary, feature, weight);
}

function addSteps(preparation: Preparation, intervention: Of<'add'>): Step[] {
  const { config } = preparation.model;
  const { layers, strength, unit } = intervention;
  const own = latent(preparation, intervention, { constant: strength * unit, byActivation: 0 });
  if (!layers) return [own];
  const [first, last] = layers;
  if (last >= config.nLayers)
    throw new FacetError('bad-input', `There is no layer ${last}; this model has ${config.nLayers}, from 0.`);
  return Array.from({ length: last - first + 1 }, (_, i): Step => {
    const [hook, sees] = [own.hook, own.sees].map((each) => each && inLayer(each, first + i));
    checkReplaceable(hook!, config);
    return { ...own, hook: hook!, sees };
  });
}

function scaled(preparation: Preparation, { target, factor, scope }: Of<'scale'>): Step {
  if (target.kind === 'latent')
    return latent(preparation, { ...target, scope }, { constant: 0, byActivation: factor - 1 });
  const { hook, columns } = activationOf(target, preparation.model.config);
  return scaleStep({ hook, scope }, columns, factor);
}

async function ablated(preparation: Preparation, intervention: Of<'ablate'>): Promise<Step> {
  const { model, bases, ids, turn } = preparation;
  const { target, scope } = intervention;
  const isMean = intervention.with === 'mean';
  if (target.kind === 'latent') {
    const { dictionary, feature } = target;
    const made = latent(preparation, { ...target, scope }, { constant: 0, byActivation: -1 });
    if (!isMean) return made;
    const constant = await bases.meanOfLatent(turn, ids, dictionary, feature);
    return latent(preparation, { ...target, scope }, { constant, byActivation: -1 });
  }
  const { hook, columns } = activationOf(target, model.config);
  if (!isMean) return scaleStep({ hook, scope }, columns, 0);
  return replaceStep({ hook, scope }, columns, await bases.mean(turn, ids, { hook, columns }));
}

async function patched(
  { model, bases, turn, read }: Preparation,
  { target, scope, text, align }: Of<'patch'>,
  lent: Lent[],
): Promise<Step> {
  const { hook, columns } = activationOf(target, model.config);
  const { ids, special } = read(text, align);
  const source = await bases.activation(turn, ids, { hook, columns });
  lent.push(source);
  return patchStep({ hook, scope }, columns, source.tensor, (pass, t) =>
    matchedRow({ special, align }, pass, t),
  );
}
