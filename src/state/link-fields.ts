import { ablatedField, sparseField, trailField } from './link-heads.ts';
import { steerField } from './link-steer.ts';
import { type LinkField, readAll, readNumber, readRange, readWhole } from './link-values.ts';
import type { ViewState } from './view-state.ts';

export type { LinkField } from './link-values.ts';

const unless = <Value>(value: Value, usual: Value): string | undefined =>
  value === usual ? undefined : String(value);

const text = (key: string, what: string, of: keyof ViewState): LinkField => ({
  key,
  what,
  write: (view) => unless((view[of] as string | undefined) ?? '', ''),
  read: (value) => ({ [of]: value }),
});

const choice = (key: string, what: string, of: keyof ViewState, usual: string): LinkField => ({
  key,
  what,
  write: (view) => unless(view[of] as string, usual),
  read: (value) => ({ [of]: value }),
});

const whole = (key: string, what: string, of: keyof ViewState, usual: number | null): LinkField => ({
  key,
  what,
  write: (view) => unless(view[of] as number | null, usual),
  read: (value) => {
    const number = readWhole(value);
    return number === undefined ? undefined : { [of]: number };
  },
});

const decimal = (key: string, what: string, of: keyof ViewState, usual: number): LinkField => ({
  key,
  what,
  write: (view) => unless(view[of] as number, usual),
  read: (value) => {
    const number = readNumber(value);
    return number === undefined ? undefined : { [of]: number };
  },
});

const flag = (key: string, what: string, of: keyof ViewState, usual: boolean): LinkField => ({
  key,
  what,
  write: (view) => (view[of] === usual ? undefined : Number(view[of]).toString()),
  read: (value) => (value === '1' || value === '0' ? { [of]: value === '1' } : undefined),
});

const features = (key: string, what: string, of: 'pins' | 'together' | 'without'): LinkField => ({
  key,
  what,
  write: (view) => (view[of].length === 0 ? undefined : view[of].join(',')),
  read: (value) => {
    const list = readAll(value.split(','), readWhole);
    return list && { [of]: list };
  },
});

/** In the order they are written. The prompt is not here: see `link.ts`. */
export const linkFields: readonly LinkField[] = [
  text('model', 'model', 'model'),
  text('md', 'digest of the model', 'modelDigest'),
  text('dict', 'dictionary', 'dictionary'),
  text('dd', 'digest of the dictionary', 'dictionaryDigest'),
  text('store', 'storage of weights', 'storage'),
  text('look', 'model to look at', 'look'),
  whole('f', 'feature', 'feature', null),
  whole('at', 'token position', 'active', null),
  {
    key: 'sel',
    what: 'selection of tokens',
    write: ({ selection }) =>
      selection.length === 0
        ? undefined
        : selection.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(','),
    read: (value) => {
      const selection = readAll(value.split(','), readRange);
      return selection && { selection };
    },
  },
  features('pins', 'list of pinned features', 'pins'),
  whole('win', 'start of the window', 'windowStart', 0),
  choice('sort', 'sort order', 'sort', 'value'),
  choice('tint', 'tint', 'tint', 'auto'),
  flag('loss', 'loss underline', 'loss', false),
  decimal('min', 'least value', 'minValue', 0),
  decimal('rare', 'least density', 'minDensity', 0),
  decimal('dense', 'greatest density', 'maxDensity', 1),
  whole('l', 'layer', 'layer', null),
  whole('h', 'head', 'head', null),
  choice('part', 'part of the page of a head', 'part', 'pattern'),
  choice('own', 'latents of a head', 'owned', 'half'),
  choice('weight', 'weighting of a pattern', 'weighting', 'attention'),
  text('score', 'score of the heads', 'score'),
  choice('way', 'way of looking at a token', 'way', 'keys'),
  choice('corpus', 'corpus of the scores', 'corpus', 'storyworld'),
  ablatedField,
  choice('abl', 'kind of ablation', 'ablation', 'mean'),
  trailField,
  text('up', 'dictionary upstream', 'upstream'),
  sparseField,
  whole('block', 'block size', 'blockSize', 16),
  steerField,
  decimal('temp', 'temperature', 'temperature', 0.7),
  whole('topk', 'top k', 'topK', 0),
  decimal('topp', 'top p', 'topP', 1),
  decimal('penalty', 'repetition penalty', 'penalty', 1),
  whole('seed', 'seed', 'seed', 1),
  whole('n', 'number of new tokens', 'newTokens', 40),
  flag('frozen', 'frozen attention', 'frozen', true),
  flag('chat', 'chat', 'chat', false),
  text('system', 'system prompt', 'system'),
  whole('swept', 'swept step', 'swept', null),
  text('effect', 'measured effect', 'effect'),
  text('over', 'corpus', 'over'),
  text('versus', 'corpus to compare with', 'versus'),
  choice('tab', 'part of the Features view', 'tab', 'list'),
  choice('by', 'way of searching', 'by', 'text'),
  text('find', 'search', 'find'),
  text('against', 'text to contrast with', 'against'),
  choice('rank', 'ranking', 'rank', 'total'),
  features('with', 'list of features together', 'together'),
  features('not', 'list of features excluded', 'without'),
  choice('in', 'place of firing together', 'within', 'token'),
  choice('cmp', 'kind of comparison', 'compare', 'texts'),
  text('other', 'dictionary to compare with', 'other'),
  choice('colour', 'colour of the map', 'colour', 'rate'),
  {
    key: 'timed',
    what: 'choice of what is timed',
    write: ({ timed }) => (timed === null ? undefined : timed.join(',') || '-'),
    read: (value) => ({ timed: value === '-' ? [] : value.split(',') }),
  },
  text('times', 'times', 'times'),
  {
    key: 'expect',
    what: 'expected value',
    write: ({ expect }) => expect && `${expect.position}:${expect.feature}:${expect.value}`,
    read: (value) => {
      const [position, feature, number, ...rest] = value.split(':');
      const expect = {
        position: readWhole(position ?? ''),
        feature: readWhole(feature ?? ''),
        value: readNumber(number ?? ''),
      };
      const complete = Object.values(expect).every((part) => part !== undefined) && rest.length === 0;
      return complete ? { expect } : undefined;
    },
  },
];
