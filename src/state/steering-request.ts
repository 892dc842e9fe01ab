import type { Asked, FileSet, Prompt, Sampling } from '../engine/protocol.ts';
import { filesBehind } from './opening.ts';
import type { RecipeScope, RecipeStep } from './recipe.ts';
import type { ViewState } from './view-state.ts';

/** Where the rows of a sequence lie among the positions of a text. */
export interface RowsOf {
  prefix: number;
  /** First token of the text that is a row. */
  windowStart: number;
}

type Text = Pick<ViewState, 'text' | 'chat' | 'system'>;

export function promptOf({ text, chat, system }: Text): Prompt {
  if (!chat) return { kind: 'text', text };
  const messages = [{ role: 'user' as const, content: text }];
  return {
    kind: 'chat',
    messages: system === '' ? messages : [{ role: 'system', content: system }, ...messages],
  };
}

export function samplingOf(
  view: Pick<ViewState, 'temperature' | 'topK' | 'topP' | 'penalty' | 'seed'>,
): Sampling {
  const { temperature, topK, topP, penalty, seed } = view;
  return { temperature, topK, topP, repetitionPenalty: penalty, seed };
}

/**
 * The steps that are on, as the engine takes them. Steps on tokens none of which is among the rows do nothing and are left
 * out.
 * @throws FacetError `not-found` when the files behind a dictionary are not here
 */
export async function askedOf(steer: readonly RecipeStep[], rows: RowsOf): Promise<Asked[]> {
  const asked = await Promise.all(steer.filter(({ off }) => !off).map((step) => askedStep(step, rows)));
  return asked.filter((step) => step !== undefined);
}

async function askedStep(step: RecipeStep, rows: RowsOf): Promise<Asked | undefined> {
  const scope = scopeIn(step.scope, rows);
  if (!scope) return undefined;
  switch (step.kind) {
    case 'add':
    case 'clamp':
    case 'splice':
      return { ...step, scope, dictionary: await behind(step.dictionary) };
    case 'scale':
    case 'ablate': {
      const { target } = step;
      if (target.kind !== 'latent') return { ...step, target, scope };
      return { ...step, scope, target: { ...target, dictionary: await behind(target.dictionary) } };
    }
    case 'patch':
      return { ...step, scope };
  }
}

async function behind(reference: string): Promise<string | FileSet> {
  // What is not on this device is left for the engine to say so.
  return (await filesBehind('dictionary', reference)) ?? reference;
}

function scopeIn(scope: RecipeScope, { prefix, windowStart }: RowsOf): Asked['scope'] | undefined {
  if (scope.kind !== 'tokens') return scope;
  const row = (position: number): number => position - 1 - windowStart + prefix;
  const ranges = scope.ranges.flatMap(([from, to]) => {
    const beginning = from === 0 && prefix > 0;
    const first = beginning ? 0 : Math.max(row(from), prefix);
    // The beginning is read whatever part of the text is.
    const last = Math.max(to === 0 ? -1 : row(to), beginning ? 0 : -1);
    return last < first ? [] : [[first, last] as const];
  });
  return ranges.length > 0 ? { kind: 'rows', ranges } : undefined;
}
