import { useEffect, useId } from 'react';
import { useCompare } from '../../state/compare.ts';
import { usePage } from '../../state/store.ts';
import { COMPARISONS, type ViewState } from '../../state/view-state.ts';
import { CompareCorpora } from './compare/CompareCorpora.tsx';
import { CompareDictionaries } from './compare/CompareDictionaries.tsx';
import { CompareTexts } from './compare/CompareTexts.tsx';
import './search/search.css';

const NAMES: Record<ViewState['compare'], string> = {
  texts: 'two texts',
  corpora: 'two corpora',
  dictionaries: 'two dictionaries',
};
const PARTS = { texts: CompareTexts, corpora: CompareCorpora, dictionaries: CompareDictionaries } as const;

/** Where features differ: between texts, between corpora, between dictionaries. All of it is in the link. */
export function FeatureCompare() {
  const id = useId();
  const compare = usePage((state) => state.view.compare);
  const change = usePage((state) => state.change);
  const follow = useCompare((state) => state.follow);
  useEffect(() => follow(), [follow]);
  const Part = PARTS[compare];
  return (
    <div className="feature-compare">
      <fieldset className="choice-row" aria-label="Compare">
        <span aria-hidden="true">Compare</span>
        {COMPARISONS.map((what) => (
          <label key={what}>
            <input
              type="radio"
              name={`${id}-compare`}
              checked={compare === what}
              onChange={() => change({ compare: what })}
            />{' '}
            {NAMES[what]}
          </label>
        ))}
      </fieldset>
      <Part />
    </div>
  );
}
