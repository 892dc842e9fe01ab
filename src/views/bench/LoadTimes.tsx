import { coldStart } from '../../state/cold-start.ts';
import { usePage } from '../../state/store.ts';
import { Facts } from '../shared/Facts.tsx';
import { Panel } from '../shared/Panel.tsx';
import { timeText } from './words.ts';

const STAGES = [
  {
    of: 'firstPaint',
    name: 'First paint',
    about: 'From navigation until the browser first painted any content, as it says itself.',
  },
  {
    of: 'modelReady',
    name: 'Model ready',
    about:
      'From navigation until model and dictionary were fetched, on the device and their kernels compiled.',
  },
  {
    of: 'firstFeatures',
    name: 'First features',
    about:
      'From navigation until the first reading of a text, with its features, was handed to the page to be drawn.',
  },
] as const;

/** How long this very page load took. */
export function LoadTimes() {
  // What is drawn anew when the reading is there.
  usePage((state) => state.analysis);
  const start = coldStart();
  return (
    <Panel
      title="This page load"
      about="Milliseconds since this page was navigated to. Not run again: reload to measure anew. Files that the browser had kept make it shorter."
      table={() => ({
        columns: ['stage', 'ms since navigation'],
        rows: STAGES.map(({ of, name }) => [name, start[of] ?? null]),
      })}
      images={false}
    >
      <Facts
        facts={STAGES.map(({ of, name, about }) => ({ name, about, value: timeText(start[of] ?? NaN) }))}
      />
    </Panel>
  );
}
