import { type KeyboardEvent, memo, type PointerEvent, useMemo, useRef } from 'react';
import type { ArmId, Generated, GeneratedToken } from '../../engine/protocol.ts';
import type { SteeredText } from '../../state/steered-texts.ts';
import { formatCount, formatFixed, formatNats, formatPercent, formatSigned } from '../shared/format.ts';
import { stepByKey } from '../shared/keys.ts';
import { TokenText } from '../shared/TokenText.tsx';
import { readableText, spokenText } from '../shared/visible-text.ts';
import { type Fluency, type TextTint, TITLES, tintOf, wholeText } from './texts-derived.ts';

/** Tokens laid out together; parts out of sight are not. */
const PART = 128;

interface TextColumnProps {
  arm: ArmId;
  text: SteeredText;
  /** What the same token is without interventions. */
  base: readonly GeneratedToken[] | undefined;
  fluency: Fluency | undefined;
  /** Where this text parts from Normal, or the first of the others does from it. */
  parts: number | undefined;
  tint: TextTint;
  /** Place looked at, in every text. */
  at: number | undefined;
  onLook: (at: number | undefined) => void;
  /** It is of inputs before. */
  stale: boolean;
}

/** One text, token by token. */
export function TextColumn(props: TextColumnProps) {
  const { arm, text, base, fluency, parts, tint, at, onLook, stale } = props;
  const list = useRef<HTMLDivElement>(null);
  const { tokens, done, running } = text;
  const chunks = useMemo(
    () => Array.from({ length: Math.ceil(tokens.length / PART) }, (_, part) => part * PART),
    [tokens.length],
  );
  const focusOn = (to: number): void => {
    const found = Math.max(0, Math.min(tokens.length - 1, to));
    list.current?.querySelector<HTMLElement>(`[data-at="${found}"]`)?.focus();
  };
  const placeOf = (target: EventTarget): number | undefined => {
    const found = (target as Element).closest<HTMLElement>('[data-at]')?.dataset.at;
    return found === undefined ? undefined : Number(found);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const from = placeOf(event.target);
    if (from === undefined) return;
    stepByKey(event, {
      ArrowRight: () => focusOn(from + 1),
      ArrowLeft: () => focusOn(from - 1),
      Home: () => focusOn(0),
      End: () => focusOn(tokens.length - 1),
    });
  };
  const stop = at !== undefined && at < tokens.length ? at : 0;
  return (
    <section
      className={`text-column text-${arm}${stale ? ' is-stale' : ''}`}
      aria-label={`${TITLES[arm]} text`}
      aria-busy={running}
    >
      <h3>{TITLES[arm]}</h3>
      <Figures text={text} fluency={fluency} stale={stale} arm={arm} />
      <p className="visually-hidden" data-text={arm}>
        {wholeText(text)}
      </p>
      <div
        ref={list}
        className="text-tokens"
        role="listbox"
        aria-label={`${TITLES[arm]}, token by token`}
        aria-orientation="horizontal"
        tabIndex={-1}
        onKeyDown={onKeyDown}
        onFocus={(event) => onLook(placeOf(event.target))}
        onPointerOver={(event: PointerEvent) => {
          const under = placeOf(event.target);
          if (under !== undefined) onLook(under);
        }}
        onPointerLeave={() => onLook(undefined)}
        onClick={(event) => onLook(placeOf(event.target))}
      >
        {chunks.map((start) => (
          <Part
            key={start}
            start={start}
            // A part that is full stays the same while more come after it.
            tokens={tokens}
            count={Math.min(PART, tokens.length - start)}
            done={done}
            base={arm === 'base' ? undefined : base}
            parts={parts !== undefined && inside(parts, start) ? parts : -1}
            partsBefore={parts !== undefined && parts < start}
            at={at !== undefined && inside(at, start) ? at : -1}
            stop={inside(stop, start) ? stop : -1}
            tint={tint}
          />
        ))}
        {running && (
          <span className="text-cursor" aria-hidden="true">
            ▍
          </span>
        )}
      </div>
      <Readout text={text} at={at} />
    </section>
  );
}

const inside = (at: number, start: number): boolean => at >= start && at < start + PART;

interface PartProps {
  start: number;
  tokens: readonly GeneratedToken[];
  count: number;
  done: Generated | undefined;
  base: readonly GeneratedToken[] | undefined;
  parts: number;
  partsBefore: boolean;
  at: number;
  stop: number;
  tint: TextTint;
}

const Part = memo(
  function Part({ start, tokens, count, done, base, parts, at, stop, tint }: PartProps) {
    return (
      <div className="text-part">
        {start > 0 && (
          <span className="text-part-number small" aria-hidden="true">
            {formatCount(start)}
          </span>
        )}
        {tokens.slice(start, start + count).map(({ text, special }, i) => {
          const place = start + i;
          const own = tokens[place]!;
          const other = base?.[place] !== undefined && base[place].id !== own.id;
          const [kl, loss] = [done?.kl[place] ?? NaN, done?.baseLoss[place] ?? NaN];
          return (
            <Token
              key={place}
              place={place}
              text={text}
              special={special}
              said={saidOf(own, kl, loss)}
              tint={tintOf(tint, kl, loss, other)}
              other={other}
              marks={place === parts}
              active={place === at}
              stop={place === stop}
            />
          );
        })}
      </div>
    );
  },
  (before, now) =>
    before.count === now.count &&
    before.done === now.done &&
    before.parts === now.parts &&
    before.at === now.at &&
    before.stop === now.stop &&
    before.tint === now.tint &&
    same(before.tokens, now.tokens, now.start, now.count) &&
    same(before.base, now.base, now.start, now.count),
);

/** Tokens are never changed in place, so that the last of a part stands for all before it. */
function same(
  a: readonly GeneratedToken[] | undefined,
  b: readonly GeneratedToken[] | undefined,
  start: number,
  count: number,
): boolean {
  if (a === b) return true;
  const [left, right] = [a?.slice(start, start + count) ?? [], b?.slice(start, start + count) ?? []];
  return left.length === right.length && left.every((token, i) => token.id === right[i]!.id);
}

function saidOf({ logProb }: GeneratedToken, kl: number, loss: number): string {
  return [
    `probability ${formatPercent(Math.exp(logProb))}`,
    Number.isNaN(kl) ? '' : `KL ${formatFixed(kl)}`,
    Number.isNaN(loss) ? '' : `loss under the base ${formatFixed(loss)} nats`,
  ]
    .filter(Boolean)
    .join(', ');
}

interface TokenProps {
  place: number;
  text: string;
  special: boolean;
  said: string;
  tint: string;
  other: boolean;
  marks: boolean;
  active: boolean;
  stop: boolean;
}

const Token = memo(function Token(props: TokenProps) {
  const { place, text, special, said, tint, other, marks, active, stop } = props;
  const label = [
    `${place + 1}: ${spokenText(text)}`,
    marks ? 'texts part here' : '',
    other ? 'not the token of Normal' : '',
    said,
  ];
  // What breaks a line still does, after the mark that makes it seen.
  const shown = readableText(text).replaceAll('↵', '↵\n') || '∅';
  return (
    <>
      {marks && (
        <span className="text-parts" aria-hidden="true">
          ≠ {place + 1}
        </span>
      )}
      <span
        role="option"
        aria-selected={active}
        aria-label={label.filter(Boolean).join('; ')}
        data-at={place}
        tabIndex={stop ? 0 : -1}
        className={`text-token${other ? ' is-other' : ''}${active ? ' is-active' : ''}${special ? ' is-special' : ''}`}
        style={{ backgroundColor: tint }}
      >
        {shown}
      </span>
    </>
  );
});

function Figures({
  text: { tokens, done, running, stopped, wanted },
  fluency,
  stale,
  arm,
}: {
  text: SteeredText;
  fluency: Fluency | undefined;
  stale: boolean;
  arm: ArmId;
}) {
  const state = stale
    ? 'of what was asked before'
    : running
      ? `${formatCount(tokens.length)} of ${formatCount(wanted)} tokens …`
      : done
        ? done.reason === 'end'
          ? 'ended by itself'
          : 'cut at its length'
        : stopped
          ? 'stopped'
          : 'broken off';
  return (
    <div className="text-figures small">
      <p>
        {fluency ? (
          <>
            fluency <strong data-figure={`loss ${arm}`}>{formatFixed(fluency.loss)}</strong> nats a token
            {arm !== 'base' && !Number.isNaN(fluency.ratio) && (
              <> ({formatSigned(100 * (fluency.ratio - 1), 0)} %)</>
            )}
            {arm !== 'base' && <> · KL {formatFixed(fluency.kl)}</>}
          </>
        ) : (
          '\u00a0'
        )}
      </p>
      <p>
        {!running && `${formatCount(tokens.length)} ${tokens.length === 1 ? 'token' : 'tokens'}, `}
        {state}
        {done && done.dropped > 0 && ` · ${formatCount(done.dropped)} dropped from the front`}
      </p>
    </div>
  );
}

/** What is known of the token at the place looked at. Keeps its height. */
function Readout({ text: { tokens, done }, at }: { text: SteeredText; at: number | undefined }) {
  const token = at === undefined ? undefined : tokens[at];
  const kl = at === undefined ? undefined : done?.kl[at];
  const loss = at === undefined ? undefined : done?.baseLoss[at];
  return (
    <p className="text-readout small">
      {token && at !== undefined ? (
        <>
          {formatCount(at + 1)} <TokenText text={token.text} /> p {formatPercent(Math.exp(token.logProb))}
          {kl !== undefined && <> · KL {formatFixed(kl)}</>}
          {loss !== undefined && <> · loss {formatNats(loss)}</>}
        </>
      ) : (
        '\u00a0'
      )}
    </p>
  );
}
