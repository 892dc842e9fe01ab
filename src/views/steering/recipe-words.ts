import type { RecipeScope, RecipeStep } from '../../state/recipe.ts';
import { amountOf, type Kind, type Subject, subjectOf } from '../../state/recipe-steps.ts';
import type { TableData } from '../shared/download.ts';
import { formatFixed, formatSigned } from '../shared/format.ts';

export const KIND_NAMES: Record<Kind, string> = {
  add: 'Add',
  clamp: 'Clamp to',
  scale: 'Scale by',
  ablate: 'Ablate',
  patch: 'Patch from a text',
  splice: 'Splice in',
};

export const SCOPE_NAMES: Record<RecipeScope['kind'], string> = {
  text: 'every token of text',
  all: 'every token, special ones too',
  special: 'special tokens only',
  prompt: 'the prompt only',
  generated: 'generated tokens only',
  tokens: 'chosen tokens',
};

export function subjectName(subject: Subject): string {
  switch (subject.kind) {
    case 'latent':
      return `Feature ${subject.feature}`;
    case 'head':
      return `Head ${subject.layer}.${subject.head}`;
    case 'hook':
      return subject.hook;
    case 'dictionary':
      return `Dictionary ${subject.dictionary}`;
  }
}

/** A step in a few words, e.g. `Add 1.50× feature 12`. */
export function stepText(step: RecipeStep): string {
  const name = subjectName(subjectOf(step));
  const amount = amountOf(step);
  const kind = KIND_NAMES[step.kind];
  if (amount === undefined) return `${kind} ${name}`;
  return step.kind === 'add'
    ? `${kind} ${formatSigned(amount)}× ${name}`
    : `${kind} ${formatFixed(amount)}${step.kind === 'clamp' ? '×' : ''} ${name}`;
}

export function scopeText(scope: RecipeScope): string {
  if (scope.kind !== 'tokens') return SCOPE_NAMES[scope.kind];
  const names = scope.ranges.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`));
  const shown = names.length > 6 ? `${names.slice(0, 6).join(', ')} …` : names.join(', ');
  const count = scope.ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  return `${count === 1 ? 'token' : 'tokens'} ${shown}`;
}

export function recipeTable(steer: readonly RecipeStep[]): TableData {
  return {
    columns: ['step', 'on', 'kind', 'about', 'dictionary', 'amount', 'unit', 'layers', 'scope'],
    rows: steer.map((step, i) => {
      const subject = subjectOf(step);
      const added = step.kind === 'add' || step.kind === 'clamp' ? step : undefined;
      return [
        i + 1,
        step.off ? 'off' : 'on',
        step.kind,
        subjectName(subject),
        'dictionary' in subject ? subject.dictionary : null,
        amountOf(step) ?? null,
        added?.unit ?? null,
        step.kind === 'add' && step.layers ? step.layers.join('–') : null,
        scopeText(step.scope),
      ];
    }),
  };
}
