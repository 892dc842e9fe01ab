import { useEffect, useState } from 'react';
import { attribution, useAttribution } from '../../../state/attribution.ts';
import { layerOfHeads } from '../../../state/attribution-question.ts';
import { positionOf } from '../../../state/rows.ts';
import { usePage } from '../../../state/store.ts';
import { explain } from '../../shared/messages.ts';
import { visibleText } from '../../shared/visible-text.ts';
import './attribution.css';
import { headLines, headName, largestAt } from './derive.ts';
import { FeatureFacts, SOURCES_ABOUT } from './FeatureNode.tsx';
import { HeadBars } from './HeadBars.tsx';
import { SourceStrip } from './SourceStrip.tsx';
import { Sum } from './Sum.tsx';

/** Which heads and tokens bring the open feature's value on the chosen token, and the way to the bench. */
export default function FeatureHeads() {
  useEffect(() => attribution.watch('feature'), []);
  useEffect(() => attribution.watchShares(), []);
  const answer = useAttribution((state) => state.answer);
  const trouble = useAttribution((state) => state.trouble);
  const layer = layerOfHeads(usePage((state) => state.opened?.dictionary?.hook));
  const goTo = usePage((state) => state.goTo);
  const [peek, setPeek] = useState<number | null>(null);
  if (trouble) return <p role="alert">{explain(trouble).particular}</p>;
  const record = answer?.levels.at(-1);
  if (!answer || !record?.heads) return <p role="status">Working out what the heads bring …</p>;
  const { analysis, row } = answer.question;
  const lines = headLines(record);
  const open = (): void =>
    goTo('heads', {
      layer: layer ?? record.layer,
      head: largestAt(record.heads!.byHead),
      part: 'features',
      active: positionOf(analysis, row),
      trail: [],
    });
  const onStep = (head: number, source: number): void => {
    open();
    goTo('heads', {
      trail: [{ kind: 'head', layer: record.layer, head, source: positionOf(analysis, source) }],
    });
  };
  return (
    <>
      <section className="panel" aria-label="Through the heads">
        <div className="panel-head">
          <h2>Through the heads, on “{visibleText(analysis.tokens[row]!.text)}”</h2>
          <span className="grow" />
          <button type="button" onClick={open}>
            Follow it in head {headName({ layer: record.layer, head: largestAt(record.heads.byHead) })}
          </button>
        </div>
        <div className="panel-body">
          <FeatureFacts record={record} />
          <Sum record={record} />
        </div>
      </section>
      <HeadBars record={record} />
      <SourceStrip
        title="By token read"
        about={SOURCES_ABOUT}
        analysis={analysis}
        last={row}
        values={record.heads.bySource}
        lines={lines}
        numberOf={(at) => at + 1 - analysis.prefix}
        positionOf={(at) => positionOf(analysis, at)}
        onStep={(line, source) => onStep(line.head, source)}
        peek={peek}
        onPeek={setPeek}
      />
    </>
  );
}
