import { useEffect } from 'react';
import { useSparse } from '../../../state/sparse.ts';
import { usePage } from '../../../state/store.ts';
import { Assignments } from '../sparse/Assignments.tsx';
import { ChangedFeatures, Figures } from '../sparse/Figures.tsx';
import { HeadsTable } from '../sparse/HeadsTable.tsx';
import { LossChange } from '../sparse/LossChange.tsx';
import { MaskPanel } from '../sparse/MaskPanel.tsx';
import '../sparse/sparse.css';
import { TimesPanel } from '../sparse/TimesPanel.tsx';

/** What the model loses on this text when heads see only part of it. */
export default function SparsePart() {
  const follow = useSparse((state) => state.follow);
  const result = useSparse((state) => state.result);
  const analysing = usePage((state) => state.analysing);
  const behind = useSparse((state) => state.running !== undefined || state.stopped);
  const lagging = behind || analysing;
  useEffect(follow, [follow]);
  return (
    <div className="sparse">
      <Assignments />
      {result && (
        <div className={`sparse-result${lagging ? ' is-lagging' : ''}`} aria-busy={lagging}>
          <Figures result={result} />
          <MaskPanel result={result} />
          <HeadsTable result={result} />
          <ChangedFeatures result={result} />
          <LossChange result={result} />
        </div>
      )}
      <TimesPanel />
    </div>
  );
}
