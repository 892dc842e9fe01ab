import { useEffect } from 'react';
import { useSteer } from '../../state/steer.ts';
import { usePage } from '../../state/store.ts';
import { NextBars } from './NextBars.tsx';
import { NextFeatures } from './NextFeatures.tsx';
import { NextTokens } from './NextTokens.tsx';
import './next.css';

/** What the recipe does to the text as it stands: token by token, and to what comes next. */
export function Next() {
  const follow = useSteer((state) => state.follow);
  useEffect(follow, [follow]);
  const analysis = usePage((state) => state.analysis);
  const result = useSteer((state) => state.result);
  const behind = useSteer((state) => state.result !== undefined && state.result.key !== state.wanted);
  const ahead = useSteer((state) => state.row !== undefined);
  return (
    <div className={`next${behind ? ' is-behind' : ''}${ahead ? ' has-row' : ''}`} aria-busy={behind}>
      {analysis && <NextTokens analysis={analysis} />}
      {result && (
        <div className="next-columns">
          <NextBars result={result} />
          <NextFeatures result={result} />
        </div>
      )}
    </div>
  );
}
