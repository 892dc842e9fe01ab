import { useState } from 'react';
import type { HeadRoles, Role } from '../../../engine/protocol.ts';
import { useRoles } from '../../../state/roles.ts';
import { usePage } from '../../../state/store.ts';
import { BarRows } from '../../shared/BarRows.tsx';
import { activationRatio, activationTint, mark } from '../../shared/colour.ts';
import {
  formatActivation,
  formatCount,
  formatFixed,
  formatPercent,
  formatSigned,
} from '../../shared/format.ts';
import { Panel } from '../../shared/Panel.tsx';
import { TokenText } from '../../shared/TokenText.tsx';
import { visibleText } from '../../shared/visible-text.ts';
import { familiesOf } from './derived.ts';
import { roleColour } from './PowerBar.tsx';
import { rolesTable } from './tables.ts';

/** Each role with its evidence. */
export function RoleCards({ head }: { head: HeadRoles }) {
  const [family, setFamily] = useState('');
  const families = familiesOf(head.roles);
  // A family of another head may not occur here.
  const chosen = families.some((one) => one.family === family) ? family : '';
  const shown = head.roles.flatMap((role, number) =>
    chosen === '' || role.families.includes(chosen) ? [{ role, number }] : [],
  );
  return (
    <Panel
      title="Its roles"
      about={
        <>
          <p>
            Groups of the head’s latents that read, fire and write alike, the heaviest first. Percentages
            after a title: share of explained power, and of the head’s whole output power.
          </p>
          <p>
            Reads: |direct feature attribution| by class of the source token and by distance in tokens. Fires:
            activation by place and by token. Writes: positive part of the largest direct effects on the
            logits. Labels: how well firing tells a label of Storyworld, F1 of precision and recall; “next” is
            about the token after.
          </p>
          <p>
            Families are those of the literature; each is named when more than half of what it is about is
            there.
          </p>
        </>
      }
      table={() => rolesTable(head)}
      textColumns={[1]}
      images={false}
    >
      {families.length > 0 && (
        <div className="chips" role="group" aria-label="Only roles of a family">
          {[{ family: '', roles: head.roles.length }, ...families].map((one) => (
            <button
              key={one.family}
              type="button"
              className="chip quiet"
              aria-pressed={chosen === one.family}
              onClick={() => setFamily(one.family)}
            >
              {one.family || 'all'} ({one.roles})
            </button>
          ))}
        </div>
      )}
      {head.roles.length === 0 && (
        <p className="quiet-text">None of the head’s latents fired on these texts.</p>
      )}
      <ol className="roles" aria-label="Roles">
        {shown.map(({ role, number }) => (
          <li key={number}>
            <RoleCard role={role} number={number} layer={head.layer} />
          </li>
        ))}
      </ol>
      {head.others.roles > 0 && (
        <p className="small">
          And {formatCount(head.others.roles)} smaller roles with {formatPercent(head.others.weight)} of
          explained power together.
        </p>
      )}
    </Panel>
  );
}

/** Roles whose evidence is shown without asking. */
const OPEN = 3;
const LATENTS = 12;
const SHARES = 5;

function RoleCard({ role, number, layer }: { role: Role; number: number; layer: number }) {
  const own = role.riseWithout[number] ?? NaN;
  return (
    <article className="role" aria-label={`Role ${number + 1}: ${role.title}`}>
      <header>
        <span className="role-number" style={{ borderColor: roleColour(number) }} aria-hidden="true">
          {number + 1}
        </span>
        <h3>{role.title}</h3>
        <span className="number small">
          {formatPercent(role.weight)}{' '}
          <span className="quiet-text">({formatPercent(role.power)} of output)</span>
        </span>
      </header>
      {(role.families.length > 0 || role.labels.length > 0) && (
        <ul className="chips" aria-label="Families and labels">
          {role.families.map((family) => (
            <li key={family} className="badge">
              {family}
            </li>
          ))}
          {role.labels.map(({ label, value, f1, precision, recall }) => (
            <li
              key={`${label} ${value}`}
              className="label-chip small"
              title={`precision ${formatPercent(precision)}, recall ${formatPercent(recall)}`}
            >
              {label} = {visibleText(value)} <span className="number">F1 {formatFixed(f1)}</span>
            </li>
          ))}
        </ul>
      )}
      <details open={number < OPEN}>
        <summary className="small">What it reads, when it fires, what it writes</summary>
        <div className="role-columns">
          <Shares title="Reads" rows={role.reads} />
          <Shares title="From how far" rows={role.distances} />
          <Shares title="Fires in" rows={role.fires} />
          <Shares title="Fires on" rows={role.firesOn} token />
          <Shares
            title="Writes"
            rows={role.writes.map(({ token, share }) => ({ what: token, share }))}
            token
          />
        </div>
      </details>
      <Latents role={role} layer={layer} />
      <p className="small">
        {Number.isNaN(own)
          ? 'Not ablated: not yet, or too small a role.'
          : `Without it the loss where it is strongest (${formatCount(role.tokens)} tokens) changes by ${formatSigned(own, 3)} nats a token; 5 % quantile ${formatSigned(role.ownEffect, 3)}.`}
      </p>
      <Examples role={role} />
    </article>
  );
}

function Shares({
  title,
  rows,
  token = false,
}: {
  title: string;
  rows: readonly { what: string; share: number }[];
  token?: boolean;
}) {
  const shown = rows.slice(0, SHARES);
  if (shown.length === 0) return null;
  return (
    <div>
      <h4>{title}</h4>
      <BarRows
        label={title}
        max={1}
        rows={shown.map(({ what, share }) => ({
          key: what,
          label: token ? <TokenText text={what} /> : what,
          value: share,
          shown: formatPercent(share),
          colour:
            title === 'Writes'
              ? mark.positive
              : title.startsWith('Fires')
                ? mark.activation
                : mark.attribution,
        }))}
      />
    </div>
  );
}

function Latents({ role, layer }: { role: Role; layer: number }) {
  const [all, setAll] = useState(false);
  const wanted = useRoles((state) => state.layers[layer]?.dictionary);
  const choose = usePage((state) => state.chooseDictionary);
  const openFeature = usePage((state) => state.openFeature);
  const open = async (index: number): Promise<void> => {
    // The number means another feature in another dictionary.
    if (wanted !== undefined && wanted !== usePage.getState().opened?.dictionary?.id) await choose(wanted);
    if (usePage.getState().opened?.dictionary?.id === wanted) openFeature(index);
  };
  const shown = all ? role.latents : role.latents.slice(0, LATENTS);
  return (
    <ul className="chips" aria-label="Latents, by weight">
      {shown.map(({ index, share, weight }) => (
        <li key={index}>
          <button
            type="button"
            className="chip"
            aria-label={`Open feature ${index}, ${formatPercent(weight)} of the explained power, ${formatPercent(share)} of its decoder row on this head`}
            title={`${formatPercent(share)} of its decoder row is on this head`}
            onClick={() => void open(index)}
          >
            #{index} <span className="quiet-text">{formatPercent(weight)}</span>
          </button>
        </li>
      ))}
      {!all && role.latents.length > LATENTS && (
        <li>
          <button type="button" className="quiet" onClick={() => setAll(true)}>
            and {role.latents.length - LATENTS} more
          </button>
        </li>
      )}
    </ul>
  );
}

function Examples({ role }: { role: Role }) {
  const most = role.examples.reduce((max, { value }) => Math.max(max, value), 0);
  if (role.examples.length === 0) return null;
  return (
    <details>
      <summary className="small">Strongest firings, each from another text ({role.examples.length})</summary>
      <ol className="examples" aria-label="Strongest firings">
        {role.examples.map((example) => (
          <li key={`${example.item} ${example.row}`}>
            <ExampleText example={example} most={most} />
            <span className="small">
              #{example.latent} at {formatActivation(example.value)}; most from{' '}
              <TokenText text={example.sourceToken} />, {distance(example.row - example.source)} · text{' '}
              {example.item}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}

const distance = (back: number): string =>
  back === 0 ? 'the token itself' : back === 1 ? 'the token before' : `${back} tokens before`;

/** The token that fires is tinted, the one it is read from underlined. */
function ExampleText({ example, most }: { example: Role['examples'][number]; most: number }) {
  const [from] = example.rows;
  return (
    <p className="example-text">
      {example.tokens.map((text, i) => {
        const row = from + i;
        const fires = row === example.row;
        const source = row === example.source;
        return (
          <span
            // A token is its place.
            // oxlint-disable-next-line react/no-array-index-key
            key={row}
            className={source ? 'is-source' : undefined}
            style={
              fires ? { backgroundColor: activationTint(activationRatio(example.value, most)) } : undefined
            }
          >
            {fires && <span className="visually-hidden">fires on: </span>}
            {source && <span className="visually-hidden">main source: </span>}
            {text.startsWith(' ') ? ' ' : ''}
            {visibleText(text.startsWith(' ') ? text.slice(1) : text)}
          </span>
        );
      })}
    </p>
  );
}
