import { type HeadChoice, sparsify, type SparseResult } from '../../analysis/heads/sparse.ts';
import { fillParameters } from '../../attention/pattern.ts';
import { patterns } from '../../attention/patterns/index.ts';
import { MOST_BITS } from '../../gpu/block-mask.ts';
import type { ModelConfig } from '../../model/config.ts';
import { FacetError } from '../../shared/errors.ts';
import type {
  HeadId,
  PatternChoice,
  PatternInfo,
  Progress,
  SparsifiedText,
  SparsifyRequest,
} from '../protocol.ts';
import type { Session } from '../session.ts';

const USUAL_BLOCK = 16;
const MOST_ASSIGNMENTS = 4_096;
const MOST_MASKS = 16;
const FEATURES_NAMED = 20;

/** See `HeadsApi.sparsify`. */
export function sparsifyText(
  session: Session,
  request: SparsifyRequest,
  onProgress: (progress: Progress) => void,
): Promise<SparsifiedText> {
  const { opened, context } = session;
  const { config } = opened.model;
  const { blockSize = USUAL_BLOCK, masks = [] } = request;
  if (!Number.isInteger(blockSize) || blockSize < 1 || blockSize > MOST_BITS)
    throw new FacetError('bad-input', `A block is of 1 to ${MOST_BITS} tokens, not ${blockSize}.`);
  if (masks.length > MOST_MASKS)
    throw new FacetError('bad-input', `At most ${MOST_MASKS} masks can be shown at once.`);
  for (const { layer, head } of masks) checkHead(config, layer, head);
  const choices = assign(config, request.assignments);
  const { ids } = session.read(request);
  const wanted = new Set(masks.map(({ layer, head }) => layer * config.nHeads + head));
  const { current } = opened;
  // Held, so that opening another dictionary meanwhile does not take this one away.
  return opened.withDictionaries(current ? [current.info.id] : [], context, async ([loaded]) => {
    const result = await sparsify(
      opened.model,
      {
        ids,
        blockSize,
        choice: (layer, head) => choices[layer * config.nHeads + head],
        wantsMask: (layer, head) => wanted.has(layer * config.nHeads + head),
        dictionary: loaded?.dictionary,
        features: FEATURES_NAMED,
      },
      {
        turn: (work) => session.turn(work),
        onProgress: (done, total) =>
          onProgress({ phase: 'heads', what: 'layers', done, total, unit: 'steps' }),
      },
    );
    return record(result, blockSize);
  });
}

/** See `HeadsApi.patterns`. */
export function describePatterns(): Promise<PatternInfo[]> {
  return Promise.resolve(patterns.map(({ build: _build, ...info }) => info));
}

function record(result: SparseResult, blockSize: number): SparsifiedText {
  const { loss, lossSparse } = result;
  return { ...result, rows: loss.length, blockSize, ceDense: meanLoss(loss), ceSparse: meanLoss(lossSparse) };
}

/** Over the tokens that have one before them. */
function meanLoss(loss: Float32Array): number {
  return loss.subarray(1).reduce((sum, value) => sum + value, 0) / (loss.length - 1);
}

/** [L · H] what each head is under; a later assignment replaces an earlier one. */
function assign(
  config: ModelConfig,
  assignments: SparsifyRequest['assignments'],
): (HeadChoice | undefined)[] {
  const { nLayers, nHeads } = config;
  if (assignments.length > MOST_ASSIGNMENTS)
    throw new FacetError('bad-input', `At most ${MOST_ASSIGNMENTS} assignments can be made at once.`);
  const choices = Array.from<HeadChoice | undefined>({ length: nLayers * nHeads });
  const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  for (const { layer, heads, choice } of assignments) {
    const made = choose(choice);
    for (const l of layer === null ? all(nLayers) : [layer]) {
      for (const head of heads ?? all(nHeads)) {
        checkHead(config, l, head);
        choices[l * nHeads + head] = made;
      }
    }
  }
  return choices;
}

function choose({ pattern: id, parameters, budget }: PatternChoice): HeadChoice {
  const pattern = patterns.find((each) => each.id === id);
  if (!pattern) {
    throw new FacetError('bad-input', `There is no attention pattern "${id}".`, {
      hint: `There are ${patterns.map((each) => each.id).join(', ')}.`,
    });
  }
  if (budget !== undefined && !(budget >= 0 && budget <= 1))
    throw new FacetError('bad-input', `A budget is a share from 0 to 1, not ${budget}.`);
  return { pattern, parameters: fillParameters(pattern, parameters), budget };
}

function checkHead({ nLayers, nHeads }: ModelConfig, layer: HeadId['layer'], head: HeadId['head']): void {
  const within = (value: number, count: number): boolean =>
    Number.isInteger(value) && value >= 0 && value < count;
  if (!within(layer, nLayers) || !within(head, nHeads))
    throw new FacetError('bad-input', `The model has no head ${layer}.${head}.`, {
      hint: `Layers are 0 to ${nLayers - 1}, heads 0 to ${nHeads - 1}.`,
    });
}
