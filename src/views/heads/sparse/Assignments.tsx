import { useId, useRef } from 'react';
import { useSparse, usualChoice, withChoice } from '../../../state/sparse.ts';
import { usePage } from '../../../state/store.ts';
import { BLOCK_SIZES, MAX_SPARSE, type SparseChoice, type ViewState } from '../../../state/view-state.ts';
import { formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { Trouble } from '../../shared/Trouble.tsx';
import { AFTER_STOP, Working } from '../../shared/Working.tsx';
import { AssignmentCard } from './AssignmentCard.tsx';
import { patternTitle, whoText } from './words.ts';

/** Who is under which pattern: the list that the link keeps. */
export function Assignments() {
  const id = useId();
  const sparse = usePage((state) => state.view.sparse);
  const blockSize = usePage((state) => state.view.blockSize);
  const change = usePage((state) => state.change);
  const patterns = useSparse((state) => state.patterns);
  const list = useRef<HTMLOListElement>(null);
  const set = (i: number, choice: SparseChoice | undefined): void =>
    change({ sparse: sparse.flatMap((other, at) => (at !== i ? [other] : choice ? [choice] : [])) });
  const remove = (i: number): void => {
    set(i, undefined);
    // The focus goes to the neighbour, or to where another can be added.
    requestAnimationFrame(() => {
      const cards = list.current?.querySelectorAll<HTMLElement>('select') ?? [];
      (cards[0] ?? document.querySelector<HTMLElement>('.sparse-add button'))?.focus();
    });
  };
  return (
    <Panel
      title="Sparse attention, as a question"
      about={
        <>
          <p>
            Put heads under a pattern that lets each token see only some of the tokens before it, and see what
            changes on this text. Nothing is retrained: this asks what the trained model loses.
          </p>
          <p>
            Attention is cut into blocks of tokens. The budget is the share of the blocks at or before the
            diagonal that may be visited; the share really visited is among the figures. A pattern that looks
            at queries and keys sees those of the model as it runs under the patterns of the layers before.
          </p>
          <p>Where several entries name a head, the last of them holds.</p>
        </>
      }
      table={() => ({
        columns: ['who', 'pattern', 'budget', 'parameters', 'on'],
        rows: sparse.map((choice) => [
          whoText(choice),
          patternTitle(patterns, choice.pattern),
          choice.budget ?? null,
          Object.entries(choice.parameters)
            .map(([name, value]) => `${name} ${value}`)
            .join(', '),
          choice.off ? 'no' : 'yes',
        ]),
      })}
      images={false}
    >
      <AddButtons
        onAdded={() =>
          requestAnimationFrame(() =>
            list.current?.querySelector<HTMLElement>(':scope > li:last-child [data-pattern]')?.focus(),
          )
        }
      />
      {sparse.length === 0 ? (
        <p className="quiet-text">Every head attends as it was trained: put one under a pattern.</p>
      ) : (
        <ol ref={list} className="assignments" aria-label="Heads under a pattern">
          {sparse.map((choice, i) => (
            <AssignmentCard
              // An entry is its place in the list.
              // oxlint-disable-next-line react/no-array-index-key
              key={i}
              choice={choice}
              number={i + 1}
              onChange={(changed) => set(i, changed)}
              onRemove={() => remove(i)}
            />
          ))}
        </ol>
      )}
      <div className="row">
        <label htmlFor={`${id}-block`} className="small">
          Block size
        </label>
        <select
          id={`${id}-block`}
          value={blockSize}
          onChange={(event) => change({ blockSize: Number(event.target.value) as ViewState['blockSize'] })}
        >
          {BLOCK_SIZES.map((size) => (
            <option key={size} value={size}>
              {size} × {size} tokens
            </option>
          ))}
        </select>
        {sparse.length > 1 && (
          <button type="button" className="quiet" onClick={() => change({ sparse: [] })}>
            Remove all
          </button>
        )}
      </div>
      <State />
    </Panel>
  );
}

/** One head, its layer, all of them. */
function AddButtons({ onAdded }: { onAdded: () => void }) {
  const { layer, head, sparse } = usePage((state) => state.view);
  const change = usePage((state) => state.change);
  const patterns = useSparse((state) => state.patterns);
  // The first that leaves something out.
  const first = patterns?.find(({ sizedBy }) => sizedBy !== undefined);
  const add = (who: Pick<SparseChoice, 'layer' | 'heads'>): void => {
    if (!first) return;
    change({ sparse: withChoice(sparse, usualChoice(first, who)) });
    onAdded();
  };
  const full = sparse.length >= MAX_SPARSE;
  const offers: { text: string; who: Pick<SparseChoice, 'layer' | 'heads'> }[] = [
    ...(layer !== null && head !== null
      ? [{ text: `head ${layer}.${head}`, who: { layer, heads: [head] } }]
      : []),
    ...(layer !== null ? [{ text: `layer ${layer}`, who: { layer, heads: null } }] : []),
    { text: 'every layer', who: { layer: null, heads: null } },
  ];
  return (
    <div className="row sparse-add" role="group" aria-label="Put under a pattern">
      <span className="small">Put under a pattern:</span>
      {offers.map(({ text, who }) => (
        <button key={text} type="button" disabled={!first || full} onClick={() => add(who)}>
          {text}
        </button>
      ))}
      {full && <span className="small note">A link holds {MAX_SPARSE} entries.</span>}
    </div>
  );
}

/** Whether the figures below are of what is set above. */
function State() {
  const running = useSparse((state) => state.running);
  const problem = useSparse((state) => state.problem);
  const stopped = useSparse((state) => state.stopped);
  const stop = useSparse((state) => state.stop);
  const again = useSparse((state) => state.again);
  const visited = useSparse((state) => state.result?.sparse.visited);
  const on = usePage((state) => state.view.sparse.some(({ off }) => !off));
  if (running)
    return <Working label="Running the text under the patterns" progress={running} onStop={stop} />;
  const retry = (
    <button type="button" {...AFTER_STOP} onClick={again}>
      {problem ? 'Try again' : 'Go on'}
    </button>
  );
  if (problem)
    return (
      <div className="row">
        <Trouble error={problem} />
        {retry}
      </div>
    );
  if (stopped)
    return (
      <p className="row" role="status">
        <span className="small">Stopped as you asked; what is shown below is of an earlier setting.</span>
        {retry}
      </p>
    );
  return (
    <p className="small" role="status">
      {on && visited !== undefined
        ? `${formatPercent(visited)} of the blocks of all heads of all layers were visited.`
        : '\u00a0'}
    </p>
  );
}
