import { type LinkField, readAll, readNumber, readWhole } from './link-values.ts';
import type { SparseChoice, TrailStep } from './view-state.ts';

/** `h2.3@17` is head 3 of layer 2 reading position 17, `f1203~name` feature 1203 of a dictionary; joined by `;`, which no reference holds. */
export const trailField: LinkField = {
  key: 'trail',
  what: 'trail',
  write: ({ trail }) => (trail.length === 0 ? undefined : trail.map(writeStep).join(';')),
  read: (value) => {
    const trail = readAll(value.split(';'), readStep);
    return trail && { trail };
  },
};

function writeStep(step: TrailStep): string {
  return step.kind === 'head'
    ? `h${step.layer}.${step.head}@${step.source}`
    : `f${step.feature}~${step.dictionary}`;
}

function readStep(part: string): TrailStep | undefined {
  const head = /^h(\d{1,4})\.(\d{1,4})@(\d{1,10})$/.exec(part);
  if (head) {
    const [layer, number, source] = head.slice(1).map(Number);
    return { kind: 'head', layer: layer!, head: number!, source: source! };
  }
  const feature = /^f(\d{1,10})~(.+)$/.exec(part);
  return feature ? { kind: 'feature', dictionary: feature[2]!, feature: Number(feature[1]) } : undefined;
}

/** `layer:heads:pattern:budget:parameter=value,…:off`, `*` for all; joined by `;`. */
export const sparseField: LinkField = {
  key: 'sparse',
  what: 'choice of sparse patterns',
  write: ({ sparse }) => (sparse.length === 0 ? undefined : sparse.map(writeChoice).join(';')),
  read: (value) => {
    const sparse = readAll(value.split(';'), readChoice);
    return sparse && { sparse };
  },
};

function writeChoice({ layer, heads, pattern, budget, parameters, off }: SparseChoice): string {
  const values = Object.entries(parameters).map(([id, value]) => `${id}=${value}`);
  return [layer ?? '*', heads?.join('-') ?? '*', pattern, budget ?? '', values.join(','), off ? 'off' : '']
    .join(':')
    .replace(/:+$/, '');
}

function readChoice(part: string): SparseChoice | undefined {
  const [layer = '', heads = '', pattern = '', budget = '', values = '', off = '', ...rest] = part.split(':');
  const read = {
    layer: layer === '*' ? null : readWhole(layer),
    heads: heads === '*' ? null : readAll(heads.split('-'), readWhole),
    budget: budget === '' ? null : readNumber(budget),
    parameters: values === '' ? [] : readAll(values.split(','), readParameter),
  };
  if (rest.length > 0 || !['', 'off'].includes(off) || Object.values(read).includes(undefined))
    return undefined;
  const choice = {
    layer: read.layer!,
    heads: read.heads!,
    pattern,
    parameters: Object.fromEntries(read.parameters!),
  };
  return {
    ...choice,
    ...(budget !== '' && { budget: read.budget! }),
    ...(off !== '' && { off: true as const }),
  };
}

function readParameter(text: string): [string, number] | undefined {
  const [id = '', value = '', ...rest] = text.split('=');
  const number = readNumber(value);
  return number === undefined || rest.length > 0 ? undefined : [id, number];
}

/** `2.3,0.1`: heads as `layer.head`. */
export const ablatedField: LinkField = {
  key: 'off',
  what: 'list of ablated heads',
  write: ({ ablated }) =>
    ablated.length === 0 ? undefined : ablated.map(({ layer, head }) => `${layer}.${head}`).join(','),
  read: (value) => {
    const ablated = readAll(value.split(','), (part) => {
      const found = /^(\d{1,4})\.(\d{1,4})$/.exec(part);
      return found ? { layer: Number(found[1]), head: Number(found[2]) } : undefined;
    });
    return ablated && { ablated };
  },
};
