import type { RecipeScope, RecipeStep, RecipeTarget } from './recipe.ts';
import { type LinkField, readAll, readNumber, readRange, readWhole } from './link-values.ts';

/**
 * Steps of a recipe joined by `;`, the parts of a step by `~`: kind, what it is about, its amounts, scope, `off`. Parts
 * that hold names or text are percent-encoded.
 *
 *     add~<target>~<strength>~<unit>~<layers>~<scope>~off      clamp~<target>~<strength>~<unit>~<scope>
 *     scale~<target>~<factor>~<scope>                          ablate~<target>~mean~<scope>
 *     patch~<target>~<align>~<text>~<scope>                    splice~<dictionary>~error~<scope>
 *
 * A target is `f<feature>@<dictionary>`, `h<layer>.<head>` or the name of a hook; a scope is its name, empty for `text`,
 * or ranges of positions such as `3-5,9`.
 */
export const steerField: LinkField = {
  key: 'steer',
  what: 'steering recipe',
  write: ({ steer }) => (steer.length === 0 ? undefined : steer.map(writeStep).join(';')),
  read: (value) => {
    const steer = readAll(value.split(';'), readStep);
    return steer && { steer };
  },
};

const escape = (text: string): string => encodeURIComponent(text).replaceAll('~', '%7E');

function unescape(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function writeTarget(target: RecipeTarget): string {
  switch (target.kind) {
    case 'latent':
      return `f${target.feature}@${escape(target.dictionary)}`;
    case 'head':
      return `h${target.layer}.${target.head}`;
    case 'hook':
      return target.hook;
  }
}

function writeScope(scope: RecipeScope): string {
  if (scope.kind !== 'tokens') return scope.kind === 'text' ? '' : scope.kind;
  return scope.ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}

function partsOf(step: RecipeStep): (string | number)[] {
  switch (step.kind) {
    case 'add':
      return [
        writeTarget({ ...step, kind: 'latent' }),
        step.strength,
        step.unit,
        step.layers?.join('-') ?? '',
      ];
    case 'clamp':
      return [writeTarget({ ...step, kind: 'latent' }), step.strength, step.unit];
    case 'scale':
      return [writeTarget(step.target), step.factor];
    case 'ablate':
      return [writeTarget(step.target), step.with];
    case 'patch':
      return [writeTarget(step.target), step.align, escape(step.text)];
    case 'splice':
      return [escape(step.dictionary), step.error ? 'error' : ''];
  }
}

function writeStep(step: RecipeStep): string {
  return [step.kind, ...partsOf(step), writeScope(step.scope), step.off ? 'off' : '']
    .join('~')
    .replace(/~+$/, '');
}

function readTarget(part: string): RecipeTarget | undefined {
  const latent = /^f(\d{1,10})@(.+)$/.exec(part);
  if (latent) {
    const dictionary = unescape(latent[2]!);
    return dictionary === undefined ? undefined : { kind: 'latent', dictionary, feature: Number(latent[1]) };
  }
  const head = /^h(\d{1,4})\.(\d{1,4})$/.exec(part);
  if (head) return { kind: 'head', layer: Number(head[1]), head: Number(head[2]) };
  return part === '' ? undefined : { kind: 'hook', hook: part };
}

const NAMED = ['all', 'special', 'prompt', 'generated', 'text'] as const;

function readScope(part: string): RecipeScope | undefined {
  const kind = NAMED.find((name) => name === (part || 'text'));
  if (kind) return { kind };
  const ranges = readAll(part.split(','), readRange);
  return ranges && { kind: 'tokens', ranges };
}

/** How many parts a step has between its kind and its scope. */
const LENGTHS: Record<RecipeStep['kind'], number> = {
  add: 4,
  clamp: 3,
  scale: 2,
  ablate: 2,
  patch: 3,
  splice: 2,
};

/** What is not of the right form is left for the schema to refuse. */
function readStep(part: string): unknown {
  const [kind = '', ...rest] = part.split('~');
  const length = Object.hasOwn(LENGTHS, kind) ? LENGTHS[kind as RecipeStep['kind']] : undefined;
  if (length === undefined || rest.length > length + 2) return undefined;
  const [a = '', b = '', c = '', d = ''] = rest.slice(0, length);
  const scope = readScope(rest[length] ?? '');
  const off = rest[length + 1] ?? '';
  if (!scope || !['', 'off'].includes(off)) return undefined;
  const common = { kind, scope, ...(off === 'off' ? { off: true } : {}) };
  if (kind === 'splice') {
    const dictionary = unescape(a);
    return dictionary === undefined || !['', 'error'].includes(b)
      ? undefined
      : { ...common, dictionary, error: b === 'error' };
  }
  const target = readTarget(a);
  if (!target) return undefined;
  if (kind === 'ablate') return { ...common, target, with: b };
  if (kind === 'patch') {
    const text = unescape(c);
    return text === undefined ? undefined : { ...common, target, align: b, text };
  }
  const amount = readNumber(b);
  if (amount === undefined) return undefined;
  if (kind === 'scale') return { ...common, target, factor: amount };
  const unit = readNumber(c);
  if (unit === undefined || target.kind !== 'latent') return undefined;
  const { dictionary, feature } = target;
  const layers = d === '' ? undefined : readAll(d.split('-'), readWhole);
  if (d !== '' && layers?.length !== 2) return undefined;
  return { ...common, dictionary, feature, strength: amount, unit, ...(layers ? { layers } : {}) };
}
