import { dictionaryReference } from './opening.ts';
import { MAX_STEPS, type RecipeStep, type RecipeTarget } from './recipe.ts';
import { ablateStep, addStep, withSteps } from './recipe-steps.ts';
import { usePage } from './store.ts';

/** Step whose card gets the focus once the Steering view shows it. */
let arriving: number | undefined;

/** The step a visitor came for, once. */
export function takeArrival(): number | undefined {
  const step = arriving;
  arriving = undefined;
  return step;
}

/** A new recipe, as a step one can go back from; shows it. */
export function setSteps(steer: readonly RecipeStep[]): void {
  usePage.getState().goTo('steering', { steer: [...steer] });
}

/** Adds steps and shows them. @returns how many had no room */
export function appendSteps(added: readonly RecipeStep[]): number {
  const { view } = usePage.getState();
  const all = [...view.steer, ...added];
  arriving = Math.min(view.steer.length, MAX_STEPS - 1);
  setSteps(all.slice(0, MAX_STEPS));
  return Math.max(0, all.length - MAX_STEPS);
}

/** Adds those about what is not in the recipe yet; shows what is there of the first otherwise. */
function addNew(added: readonly RecipeStep[]): void {
  const { steer } = usePage.getState().view;
  const found = withSteps(steer, added);
  if (appendSteps(found.slice(steer.length)) > 0)
    usePage.setState(({ notes }) => ({
      notes: [...new Set([...notes, `A recipe holds at most ${MAX_STEPS} steps; not all had room.`])],
    }));
  if (found.length === steer.length)
    arriving = steer.findIndex((step) => withSteps([step], added.slice(0, 1)).length === 1);
}

/** Steers with features of the current dictionary. */
export function steerFeatures(features: readonly number[]): void {
  const page = usePage.getState();
  if (!page.opened?.dictionary) return;
  const dictionary = dictionaryReference(page.opened);
  addNew(features.map((feature) => addStep(page, dictionary, feature)));
}

/** Takes a head or an activation away, on the text, in a recipe that goes on from there. */
export const steerWithout = (target: RecipeTarget): void => addNew([ablateStep(target)]);

/** Opens a feature of the current dictionary in Explore, as one step. */
export function exploreFeature(feature: number): void {
  const { view, openFeature, change, goTo } = usePage.getState();
  if (view.feature === feature) return goTo('explore');
  openFeature(feature);
  change({ view: 'explore' });
}
