import type { RecipeStep, RecipeTarget } from '../../state/recipe.ts';

function targetName(target: RecipeTarget): string {
  switch (target.kind) {
    case 'latent':
      return `feature ${target.feature} of ${target.dictionary}`;
    case 'head':
      return `head ${target.layer}.${target.head}`;
    case 'hook':
      return target.hook;
  }
}

/** A step without its amount. */
export function stepName(step: RecipeStep): string {
  switch (step.kind) {
    case 'add':
    case 'clamp':
      return `${step.kind} ${targetName({ ...step, kind: 'latent' })}`;
    case 'splice':
      return `splice ${step.dictionary}`;
    default:
      return `${step.kind} ${targetName(step.target)}`;
  }
}
