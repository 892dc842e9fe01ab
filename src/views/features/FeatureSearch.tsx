import { useEffect, useId } from 'react';
import { useSearch } from '../../state/search.ts';
import { usePage } from '../../state/store.ts';
import { FIND_BY, type ViewState } from '../../state/view-state.ts';
import { LabelSearch } from './search/LabelSearch.tsx';
import { TextSearchPart } from './search/TextSearchPart.tsx';
import { TogetherSearch } from './search/TogetherSearch.tsx';
import { TokenSearchPart } from './search/TokenSearchPart.tsx';
import './search/search.css';

const NAMES: Record<ViewState['by'], string> = {
  text: 'the text that fires them',
  token: 'the token they promote or suppress',
  label: 'the words of their label',
  together: 'firing together',
};
const PARTS = {
  text: TextSearchPart,
  token: TokenSearchPart,
  label: LabelSearch,
  together: TogetherSearch,
} as const;

/** Features of the open dictionary by what they fire on, do, are called, or fire with. All of it is in the link. */
export function FeatureSearch() {
  const id = useId();
  const by = usePage((state) => state.view.by);
  const change = usePage((state) => state.change);
  const follow = useSearch((state) => state.follow);
  useEffect(() => follow(), [follow]);
  const Part = PARTS[by];
  return (
    <div className="feature-search">
      <fieldset className="choice-row" aria-label="Find features by">
        <span aria-hidden="true">Find features by</span>
        {FIND_BY.map((way) => (
          <label key={way}>
            <input type="radio" name={`${id}-by`} checked={by === way} onChange={() => change({ by: way })} />{' '}
            {NAMES[way]}
          </label>
        ))}
      </fieldset>
      <Part />
    </div>
  );
}
