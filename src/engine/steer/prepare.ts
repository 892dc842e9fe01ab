import { Bases } from '../../analysis/steering/bases.ts';
import type { Intervention } from '../../analysis/steering/intervention.ts';
import { prepareInterventions, type TextRows } from '../../analysis/steering/prepare.ts';
import type { Steering } from '../../analysis/steering/steering.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import type { Asked, FileSet } from '../protocol.ts';
import type { Session } from '../session.ts';
import { checkAsked } from './asked.ts';

/** What interventions are run over: a prompt, and perhaps what was generated after it. */
export interface Steered extends TextRows {
  /** Rows of the prompt, prefix included. */
  promptRows: number;
}

/**
 * Interventions ready to be run, with the dictionaries they need, which stay until the steering is disposed of. Means are
 * taken over the prompt; of one longer than the context, over its first rows.
 * @param asked not trusted
 * @throws FacetError `bad-input` saying what is wrong, `unsupported` for hooks that cannot be changed, `cancelled`
 */
export async function prepareSteering(
  session: Session,
  asked: readonly Asked[],
  { ids, promptRows }: Steered,
): Promise<Steering> {
  const { opened, context } = session;
  const checked = checkAsked(asked);
  const references = checked.map(referenceOf);
  const wanted = references.filter((each) => each !== undefined);
  const held = await opened.holdDictionaries(wanted, context);
  const dictionaries = held.loaded.map(({ dictionary }) => dictionary);
  const ready = checked.map((each, i) =>
    references[i] === undefined
      ? (each as Intervention<Dictionary>)
      : withDictionary(each, dictionaries.shift()!),
  );
  return prepareInterventions(
    {
      model: opened.model,
      bases: opened.companion(Bases),
      turn: (work) => session.turn(work),
      ids: ids.slice(0, Math.min(promptRows, opened.info.nCtx)),
      read(text, part) {
        const windowStart = part === 'start' ? 0 : Number.MAX_SAFE_INTEGER;
        const read = session.read({ text, windowStart });
        return { ids: read.ids, special: read.tokens.map(({ special }) => special) };
      },
    },
    ready,
    () => held[Symbol.dispose](),
  );
}

function referenceOf(asked: Asked): string | FileSet | undefined {
  if ('dictionary' in asked) return asked.dictionary;
  return 'target' in asked && asked.target.kind === 'latent' ? asked.target.dictionary : undefined;
}

function withDictionary(asked: Asked, dictionary: Dictionary): Intervention<Dictionary> {
  const made = 'dictionary' in asked ? { ...asked, dictionary } : asked;
  return (
    'target' in made ? { ...made, target: { ...made.target, dictionary } } : made
  ) as Intervention<Dictionary>;
}
