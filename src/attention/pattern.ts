import { FacetError } from '../shared/errors.ts';
import type { PairMask, PairShape } from './pair-mask.ts';

export interface PatternParameter {
  id: string;
  title: string;
  /** What it means, with its unit. */
  about: string;
  integer: boolean;
  least: number;
  most: number;
  usual: number;
}

/** What a menu needs to know of a pattern. */
export interface PatternInfo {
  id: string;
  title: string;
  description: string;
  /** The paper it comes from, in short. */
  source: string;
  parameters: readonly PatternParameter[];
  /** It looks at the queries and keys of the text, or at the true pattern (`oracle`), to choose. */
  looksAt: 'positions' | 'queries-and-keys' | 'pattern';
  /** The parameter a budget replaces; none: the pattern has no size to choose. */
  sizedBy?: string;
}

/** One head's text as a pattern sees it. */
export interface HeadInput extends PairShape {
  /** Of patterns that look at queries and keys; as they meet in the score, so after norms and rotation. */
  heads?: {
    /** [nQueries, dHead] */
    q: Float32Array;
    /** [nKeys, dHead] */
    k: Float32Array;
    dHead: number;
    /** Scores are q·k · scale, then cap · tanh(score / cap) unless cap is 0. */
    scale: number;
    cap: number;
  };
  /** [nQueries, nKeys] the true pattern, of patterns that look at it. */
  pattern?: Float32Array;
}

/** One sparse-attention method: it differs from the others only in the mask it writes. Registered in `patterns/index.ts`. */
export interface AttentionPattern extends PatternInfo {
  /**
   * One head's mask.
   * @param parameters every one of `parameters`, within its bounds
   * @param budget share of the blocks that dense attention visits, 0 … 1, in place of `sizedBy`. Met to within one block
   *   a row of blocks, except that what the pattern always keeps is never given up
   */
  build: (input: HeadInput, parameters: Readonly<Record<string, number>>, budget?: number) => PairMask;
}

/** Parameters left out are as usual. @throws FacetError `bad-input` for one that the pattern does not have or that is out of bounds */
export function fillParameters(
  { id: pattern, parameters }: PatternInfo,
  given: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const filled = Object.fromEntries(parameters.map(({ id, usual }) => [id, usual]));
  for (const [id, value] of Object.entries(given)) {
    const parameter = parameters.find((each) => each.id === id);
    if (!parameter) throw new FacetError('bad-input', `The pattern "${pattern}" has no parameter "${id}".`);
    const { integer, least, most } = parameter;
    if (!(value >= least && value <= most) || (integer && !Number.isInteger(value)))
      throw new FacetError(
        'bad-input',
        `"${id}" of the pattern "${pattern}" is ${value}; it takes ${integer ? 'whole numbers' : 'numbers'} from ${least} to ${most}.`,
      );
    filled[id] = value;
  }
  return filled;
}
