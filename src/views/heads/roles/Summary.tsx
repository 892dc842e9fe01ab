import { useId } from 'react';
import type { HeadRoles, LayerRoles } from '../../../engine/protocol.ts';
import { ROLE_ITEMS, ROLE_SEED, useRoles } from '../../../state/roles.ts';
import { usePage } from '../../../state/store.ts';
import { Facts } from '../../shared/Facts.tsx';
import { formatCount, formatFixed, formatPercent } from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { Trouble } from '../../shared/Trouble.tsx';
import { AFTER_STOP, Working } from '../../shared/Working.tsx';
import { agreement, headOf } from './derived.ts';
import { PowerBar } from './PowerBar.tsx';
import { powersTable } from './tables.ts';
import { STEPS, verdictText } from './words.ts';

/** How many unrelated things one head does, and how sure that is. */
export function Summary({ layer, head }: { layer: number; head: number }) {
  const measured = useRoles((state) => headOf(state.layers, layer, head)?.found);
  const of = useRoles((state) => state.layers[layer]?.roles);
  const complete = useRoles((state) => state.layers[layer]?.complete ?? false);
  return (
    <Panel
      title={`What head ${layer}.${head} does`}
      about={
        <>
          <p>
            How many unrelated things the head does, judged by the latents it owns in this layer’s dictionary.
            The bar is the head’s whole output power E‖z‖²: what each role of the list says, what no latent
            says, and what is left because roles that fire together are not orthogonal.
          </p>
          <p>Every step is written out below the figures.</p>
        </>
      }
      table={() => (measured ? powersTable(measured) : { columns: ['part'], rows: [] })}
      images={measured !== undefined}
    >
      <p className="verdict" data-figure="verdict" role="status">
        {measured ? verdictText(measured, complete) : 'Not yet measured.'}
      </p>
      <Progressing layer={layer} />
      {measured && of && (
        <>
          <PowerBar head={measured} />
          <HeadFacts head={measured} of={of} />
        </>
      )}
      <details>
        <summary>How it is measured, step by step</summary>
        <ol className="steps">
          {STEPS.map(({ title, text }) => (
            <li key={title}>
              <strong>{title}.</strong> {text}
            </li>
          ))}
        </ol>
      </details>
    </Panel>
  );
}

function HeadFacts({ head, of }: { head: HeadRoles; of: LayerRoles }) {
  return (
    <Facts
      facts={[
        {
          name: 'Effective number of roles',
          value: formatFixed(head.effectiveRoles, 2),
          about: STEPS[4]!.text,
        },
        {
          name: 'Roles',
          value: formatCount(head.roles.length + head.others.roles),
          unit: head.others.roles > 0 ? `${head.roles.length} told below` : '',
          about: `Groups of latents that are alike beyond τ = ${of.threshold}. ${STEPS[2]!.text}`,
        },
        {
          name: 'Latents of the head',
          value: formatCount(head.latents),
          unit: `${OWNED[head.owned]}, ${formatCount(head.silent)} silent`,
          about: `${STEPS[0]!.text} Silent ones never fired on these texts and belong to no role.`,
        },
        {
          name: 'Unexplained',
          value: formatPercent(head.unexplained),
          unit: 'of the output power',
          about:
            'E‖z − Σ f_i W_dec[i, h]‖² / E‖z‖² over the latents of the head: what they do not say. It counts in no role and in no weight.',
        },
        {
          name: 'Agreement',
          value: formatPercent(agreement(head)),
          unit: 'of resamples',
          about:
            'Share of 200 bootstrap resamples of the texts in which the verdict is the same. “–” until roles were ablated.',
        },
        {
          name: 'Measured on',
          value: `${formatCount(of.items)} texts`,
          unit: `${formatCount(of.tokens)} tokens, seed ${ROLE_SEED}`,
          about: `Storyworld texts made in this page from a fixed seed; the first row of each is left out. Dictionary: ${of.dictionary}.`,
        },
      ]}
    />
  );
}

/** Which latents of the dictionary a head was given. */
const OWNED: Record<HeadRoles['owned'], string> = {
  half: 'more than half on it',
  top10: 'the ten with the largest share',
  largest: 'more on it than on any other',
};

/** How far the layer is, and how to begin, stop or enlarge it. */
export function Progressing({ layer }: { layer: number }) {
  const id = useId();
  const running = useRoles((state) => state.running);
  const waiting = useRoles((state) => state.waiting);
  const problem = useRoles((state) => state.problem);
  const items = useRoles((state) => state.items);
  const complete = useRoles((state) => state.layers[layer]?.complete ?? false);
  const measure = useRoles((state) => state.measure);
  const stop = useRoles((state) => state.stop);
  const setItems = useRoles((state) => state.setItems);
  const ready = usePage((state) => state.phase === 'ready');
  const owned = usePage((state) => state.view.owned);
  const change = usePage((state) => state.change);
  if (running) {
    const more = waiting.length > 0 ? `, ${waiting.length} more after it` : '';
    return (
      <Working label={`Measuring layer ${running.layer}${more}`} progress={running.progress} onStop={stop} />
    );
  }
  return (
    <>
      {problem && <Trouble error={problem} />}
      <div className="row">
        <label htmlFor={`${id}-owned`} className="small">
          Latents of a head
        </label>
        <select
          id={`${id}-owned`}
          value={owned}
          onChange={(event) => change({ owned: event.target.value as typeof owned })}
        >
          <option value="half">more than half on it, or the top ten</option>
          <option value="largest">more on it than on any other head</option>
        </select>
        <label htmlFor={`${id}-items`} className="small">
          Texts
        </label>
        <select id={`${id}-items`} value={items} onChange={(event) => setItems(Number(event.target.value))}>
          {ROLE_ITEMS.map((count) => (
            <option key={count} value={count}>
              {count}
            </option>
          ))}
        </select>
        {!complete && (
          <button type="button" {...AFTER_STOP} disabled={!ready} onClick={() => measure([layer])}>
            Measure layer {layer}
          </button>
        )}
      </div>
    </>
  );
}
