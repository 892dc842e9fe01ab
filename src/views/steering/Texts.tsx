import { useEffect, useId, useState } from 'react';
import type { ArmId } from '../../engine/protocol.ts';
import { ARMS, MORE_TOKENS, useTexts } from '../../state/steered-texts.ts';
import { usePage } from '../../state/store.ts';
import { MAX_NEW_TOKENS } from '../../state/view-state.ts';
import { formatCount } from '../shared/format.ts';
import { Panel } from '../shared/Panel.tsx';
import { Trouble } from '../shared/Trouble.tsx';
import { Sampling } from './Sampling.tsx';
import { TextColumn } from './TextColumn.tsx';
import {
  fluencyOf,
  FULL,
  jsonTexts,
  partings,
  plainTexts,
  TEXT_TINTS,
  type Texts as AllTexts,
  textsTable,
  type TextTint,
  TITLES,
} from './texts-derived.ts';
import './texts.css';

/** Tokens of each text in the table on the page; files have them all. */
const SHOWN_ROWS = 200;

/** What the model then says: as it is, steered, and steered with its attention held. */
export function Texts() {
  const { texts, asked, follow } = useTexts();
  const [tint, setTint] = useState<TextTint>('kl');
  const [at, setAt] = useState<number>();
  useEffect(() => follow(), [follow]);
  const shown = ARMS.filter((id) => texts[id]);
  const parts = partings(texts);
  const failure = ARMS.map((id) => texts[id]?.failure).find(Boolean);
  return (
    <Panel
      title="Texts"
      className="texts-panel"
      about={<About />}
      table={() => textsTable(texts)}
      shownTable={() => textsTable(texts, SHOWN_ROWS)}
      textColumns={[3]}
      images={false}
      files={[
        {
          name: 'Text',
          extension: 'txt',
          type: 'text/plain',
          content: () => plainTexts(usePage.getState().view.text, texts),
        },
        { name: 'JSON', extension: 'json', type: 'application/json', content: () => asJson(texts) },
      ]}
    >
      <Sampling />
      <Buttons />
      <Trouble error={failure} />
      {shown.length > 0 ? (
        <>
          <TintChoice tint={tint} onChange={setTint} frozen={parts.frozen} steered={parts.steered} />
          <div className="text-columns" data-columns={shown.length}>
            {shown.map((id) => (
              <TextColumn
                key={id}
                arm={id}
                text={texts[id]!}
                base={texts.base?.tokens}
                fluency={fluencyOf(texts[id]!.done, texts.base?.done)}
                parts={parts[id]}
                tint={tint}
                at={at}
                onLook={setAt}
                stale={texts[id]!.key !== asked[id]}
              />
            ))}
          </div>
        </>
      ) : (
        <p className="quiet-text">
          With a step in the recipe, texts appear here side by side: normal and steered, from the same seed.
        </p>
      )}
      <Announcement texts={texts} asked={asked} parted={parts.steered} />
    </Panel>
  );
}

function About() {
  return (
    <>
      <p>
        <em>Normal</em> is the model as it is, <em>steered</em> with the recipe; <em>attention frozen</em> is
        steered while every attention pattern is held as the unsteered model has it over the same tokens. All
        draw the same random numbers.
      </p>
      <p>
        <em>Fluency</em>: mean of −ln p(token | text before it) under the unsteered model, in nats a token,
        with its change against Normal. <em>KL</em>: of what the unsteered model expects at a token from what
        the steered one does. Probabilities are before temperature, cuts and penalty.
      </p>
      <p>
        ≠ marks the first token that is another than in Normal; underlined tokens are others than Normal has
        at that place. ← → walk the tokens.
      </p>
    </>
  );
}

function asJson(texts: AllTexts): string {
  const { view, opened } = usePage.getState();
  const { text, chat, system, steer, temperature, topK, topP, penalty, seed } = view;
  const { id, digest } = opened?.model ?? {};
  const about = { model: id, modelDigest: digest, text, chat, system, recipe: steer };
  return jsonTexts({ ...about, sampling: { temperature, topK, topP, penalty, seed } }, texts);
}

function Buttons() {
  const { texts, asked, generate, stop, proceed, reseed } = useTexts();
  const frozen = usePage((state) => state.view.frozen);
  const newTokens = usePage((state) => state.view.newTokens);
  const change = usePage((state) => state.change);
  const all = ARMS.flatMap((id) => texts[id] ?? []);
  const running = all.some((text) => text.running);
  const current = ARMS.every((id) => texts[id]?.key === asked[id] && (!texts[id] || texts[id].done));
  const whole = all.length > 0 && current && all.every((text) => text.wanted === newTokens);
  const canGrow = whole && newTokens < MAX_NEW_TOKENS && all.some((text) => text.done?.reason === 'length');
  const broken = all.some((text) => text.stopped || text.failure);
  return (
    <div className="row text-buttons">
      {/* One button that generates and stops, so that whoever pressed it keeps the focus. */}
      <button
        type="button"
        className="primary"
        disabled={whole && !running}
        onClick={() => (running ? stop() : void generate())}
      >
        {running ? 'Stop' : broken ? 'Go on' : 'Generate'}
      </button>
      <button type="button" disabled={!canGrow} onClick={proceed}>
        Continue, {MORE_TOKENS} more
      </button>
      <button type="button" disabled={all.length === 0} onClick={reseed}>
        Regenerate, next seed
      </button>
      <Copy disabled={all.length === 0} />
      <span className="grow" />
      <label className="tick-box small">
        <input
          type="checkbox"
          checked={frozen}
          onChange={(event) => change({ frozen: event.target.checked })}
        />{' '}
        with frozen attention
      </label>
    </div>
  );
}

function Copy({ disabled }: { disabled: boolean }) {
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(
        plainTexts(usePage.getState().view.text, useTexts.getState().texts),
      );
      setSaid('Texts copied.');
    } catch {
      setSaid('The browser did not allow copying: export them instead.');
    }
  };
  return (
    <>
      <button type="button" disabled={disabled} onClick={() => void copy()}>
        Copy
      </button>
      <span role="status" className="small toast-inline">
        {said}
      </span>
    </>
  );
}

interface TintChoiceProps {
  tint: TextTint;
  onChange: (tint: TextTint) => void;
  steered: number | undefined;
  frozen: number | undefined;
}

function TintChoice({ tint, onChange, steered, frozen }: TintChoiceProps) {
  const id = useId();
  const from = (name: string, at: number | undefined): string =>
    at === undefined ? '' : `${name} differs from token ${formatCount(at + 1)}`;
  const said = [from('steered', steered), from('frozen', frozen)].filter(Boolean).join(', ');
  return (
    <div className="strip-tools">
      <label htmlFor={id}>Tint by</label>
      <select id={id} value={tint} onChange={(event) => onChange(event.target.value as TextTint)}>
        {Object.entries(TEXT_TINTS).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
      {(tint === 'kl' || tint === 'loss') && (
        <span className="legend small">
          0<span className="ramp ramp-attribution" aria-hidden="true" />
          {FULL[tint]} nats
        </span>
      )}
      <span data-figure="parting">{said}</span>
    </div>
  );
}

interface AnnouncementProps {
  texts: AllTexts;
  asked: Partial<Record<ArmId, string>>;
  parted: number | undefined;
}

/** Heard once, when nothing is being generated any more. */
function Announcement({ texts, asked, parted }: AnnouncementProps) {
  const all = ARMS.filter((id) => texts[id]);
  const over =
    all.length > 0 && ARMS.every((id) => texts[id]?.key === asked[id] && (!texts[id] || texts[id].done));
  const parting = parted === undefined ? '' : ` Steered differs from token ${parted + 1} on.`;
  return (
    <p className="visually-hidden" role="status">
      {over &&
        `Texts are ready: ${all.map((id) => `${TITLES[id]}, ${texts[id]!.tokens.length} tokens`).join('; ')}.${parting}`}
    </p>
  );
}
