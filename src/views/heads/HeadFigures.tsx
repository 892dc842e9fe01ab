import { useMemo } from 'react';
import { type Measure, ordinal, ranksOf } from '../../state/head-measures.ts';
import { useHeads } from '../../state/heads.ts';
import { usePage } from '../../state/store.ts';
import { formatCount } from '../shared/format.ts';
import { Info } from '../shared/Info.tsx';
import { measureText } from './derived.ts';

interface FiguresProps {
  layer: number;
  head: number;
  measures: readonly Measure[];
}

/** Everything measured of a head, with its rank among all, what it was measured on, and what it means. */
export function HeadFigures({ layer, head, measures }: FiguresProps) {
  const nHeads = usePage((state) => state.opened?.model.nHeads ?? 1);
  const index = layer * nHeads + head;
  const ranks = useMemo(
    () =>
      measures.map(({ values }) => {
        const all = ranksOf(values);
        return { rank: all[index] ?? 0, of: all.filter((rank) => rank > 0).length };
      }),
    [measures, index],
  );
  return (
    <section className={`head-scores${measures.length > 0 ? '' : ' is-waiting'}`}>
      <p className="small head-scores-note">
        Scores of this head <Corpus measured={measures.length > 0} />
        {measures.length > 0 && (
          <Info label="Definitions of the scores">
            {measures.map(({ id, title, unit, definition, note }) => (
              <p key={id}>
                <em>{title}</em>
                {unit && `, in ${unit}`}: {definition} {note}
              </p>
            ))}
          </Info>
        )}
      </p>
      {measures.length > 0 && (
        <dl className="head-figures" aria-label="Scores of this head">
          {measures.map((measure, i) => {
            const { rank, of } = ranks[i]!;
            return (
              <div key={measure.id} className={rank > 0 && rank <= 3 ? 'is-top' : ''}>
                <dt>{measure.title}</dt>
                <dd>
                  {measureText(measure, measure.values[index] ?? NaN)}{' '}
                  <span className="small">{rank > 0 && `${ordinal(rank)} of ${of}`}</span>
                </dd>
              </div>
            );
          })}
        </dl>
      )}
    </section>
  );
}

/** What the scores were measured on, or how far that is: on a phone nothing else says so. */
function Corpus({ measured }: { measured: boolean }) {
  const corpus = usePage((state) => state.view.corpus);
  const { value, running, progress, failure, stopped } = useHeads((state) => state.scores);
  const where = corpus === 'storyworld' ? 'over a Storyworld sample' : 'over the text';
  const read =
    measured && value && value.texts > 0
      ? `: ${formatCount(value.texts)} ${value.texts === 1 ? 'text' : 'texts'}, ${formatCount(value.tokens)} tokens`
      : '';
  const far =
    progress && progress.total > 0
      ? `: ${progress.what}, ${formatCount(progress.done)} of ${formatCount(progress.total)}`
      : '';
  return (
    <>
      {where}
      {read}
      {running && ` · measuring${far} …`}
      {!running && failure && ' · could not be measured'}
      {!running && !failure && stopped && ' · stopped'}{' '}
    </>
  );
}
