import { useEffect, useState } from 'react';
import { attribution, useAttribution } from '../../state/attribution.ts';
import { layerOfHeads } from '../../state/attribution-question.ts';
import { positionOf } from '../../state/rows.ts';
import { usePage } from '../../state/store.ts';
import FeatureHeads from '../heads/attribution/FeatureHeads.tsx';
import { headLines, headName, largestAt } from '../heads/attribution/derive.ts';
import { Writers } from '../heads/attribution/ResidualNode.tsx';
import { Sum } from '../heads/attribution/Sum.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { visibleText } from '../shared/visible-text.ts';

/** Where the feature's value on a token of the test text comes from; worked out when it is asked for. */
export default function FeaturePageTrace() {
  const [open, setOpen] = useState(false);
  const onHeads = usePage((state) => layerOfHeads(state.opened?.dictionary?.hook) !== undefined);
  return (
    <details
      className="panel feature-trace"
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>Where its value in this text comes from</summary>
      {open && (onHeads ? <FeatureHeads /> : <Stream />)}
    </details>
  );
}

/** Of a dictionary on the residual stream, or on what adds to it: what wrote the stream. */
function Stream() {
  useEffect(() => attribution.watch('feature'), []);
  const answer = useAttribution((state) => state.answer);
  const trouble = useAttribution((state) => state.trouble);
  const goTo = usePage((state) => state.goTo);
  const chosen = usePage((state) => state.view.active !== null);
  const record = answer?.levels.at(-1);
  if (trouble) return <Trouble error={trouble} />;
  if (!answer || !record) return <p role="status">Working out what wrote it …</p>;
  const { analysis, row } = answer.question;
  const lines = headLines(record);
  const line = lines[largestAt(lines.map(({ value }) => value))];
  return (
    <>
      <p className="small">
        On “{visibleText(analysis.tokens[row]!.text)}”, the{' '}
        {chosen ? 'chosen token' : 'token it is strongest on'}.
      </p>
      <Sum record={record} />
      <Writers record={record} />
      {line && (
        <button
          type="button"
          onClick={() =>
            goTo('heads', {
              layer: line.layer,
              head: line.head,
              part: 'pattern',
              active: positionOf(analysis, row),
              trail: [],
            })
          }
        >
          What head {headName(line)} looked at there
        </button>
      )}
    </>
  );
}
