import type { ArmId, Generated } from '../../engine/protocol.ts';
import { ARMS, divergence, type SteeredText } from '../../state/steered-texts.ts';
import { activationRatio, attributionTint, effectTint } from '../shared/colour.ts';
import type { Cell, TableData } from '../shared/download.ts';

export type Texts = Partial<Record<ArmId, SteeredText>>;

export const TITLES: Record<ArmId, string> = {
  base: 'Normal',
  steered: 'Steered',
  frozen: 'Steered, attention frozen',
};

export const TEXT_TINTS = {
  kl: 'KL from Normal',
  loss: 'Loss under the base',
  other: 'Tokens other than Normal’s',
  none: 'Nothing',
} as const;
export type TextTint = keyof typeof TEXT_TINTS;

/** Nats at which a tint is full, whatever the text: columns and texts can be compared. */
export const FULL = { kl: 2, loss: 8 } as const;

/** Where each text parts from Normal; for Normal, where the first of the others does. */
export function partings(texts: Texts): Partial<Record<ArmId, number>> {
  const { base } = texts;
  if (!base) return {};
  const found: Partial<Record<ArmId, number>> = {};
  for (const id of ARMS) {
    const other = texts[id];
    if (id === 'base' || !other) continue;
    const at = divergence(base.tokens, other.tokens);
    if (at === undefined) continue;
    found[id] = at;
    found.base = Math.min(at, found.base ?? at);
  }
  return found;
}

export interface Fluency {
  /** Mean loss under the base, nats a token. */
  loss: number;
  /** Over Normal's; NaN where that is not known. */
  ratio: number;
  /** Mean KL from the base, nats a token. */
  kl: number;
}

export function meanOf(values: Float32Array): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : NaN;
}

export function fluencyOf(done: Generated | undefined, base: Generated | undefined): Fluency | undefined {
  if (!done) return undefined;
  const loss = meanOf(done.baseLoss);
  return { loss, ratio: base ? loss / meanOf(base.baseLoss) : NaN, kl: meanOf(done.kl) };
}

/** Background of a token, as one CSS colour. @param other it is not the token Normal has there */
export function tintOf(tint: TextTint, kl: number, loss: number, other: boolean): string {
  if (tint === 'kl') return attributionTint(activationRatio(kl, FULL.kl));
  if (tint === 'loss') return attributionTint(Math.min(1, Math.max(0, loss / FULL.loss)));
  return tint === 'other' && other ? effectTint(0.35) : 'transparent';
}

const known = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : value;

/** A row a token of every text. @param most tokens of each text, from its first */
export function textsTable(texts: Texts, most = Infinity): TableData {
  return {
    columns: [
      'text',
      'token',
      'id',
      'token text',
      'probability',
      'KL from base, nats',
      'loss under base, nats',
    ],
    rows: ARMS.flatMap((id) =>
      (texts[id]?.tokens.slice(0, most) ?? []).map(({ id: token, text, logProb }, at): Cell[] => [
        TITLES[id],
        at + 1,
        token,
        text,
        Math.exp(logProb),
        known(texts[id]?.done?.kl[at]),
        known(texts[id]?.done?.baseLoss[at]),
      ]),
    ),
  };
}

/** What the tokens make together; while they are still coming, their own texts in a row. */
export const wholeText = ({ tokens, done }: SteeredText): string =>
  done?.text ?? tokens.map(({ text }) => text).join('');

export function plainTexts(prompt: string, texts: Texts): string {
  const parts = ARMS.flatMap((id) => (texts[id] ? [`${TITLES[id]}\n${wholeText(texts[id])}`] : []));
  return `${[`Text\n${prompt}`, ...parts].join('\n\n')}\n`;
}

export function jsonTexts(about: object, texts: Texts): string {
  const parts = ARMS.flatMap((id) => {
    const text = texts[id];
    if (!text) return [];
    const { done, tokens } = text;
    const all = tokens.map((token, at) => ({
      id: token.id,
      text: token.text,
      logProb: token.logProb,
      kl: known(done?.kl[at]),
      baseLoss: known(done?.baseLoss[at]),
    }));
    const { reason, dropped, promptRows } = done ?? {};
    return [{ arm: id, text: wholeText(text), reason, dropped, promptRows, tokens: all }];
  });
  return `${JSON.stringify({ ...about, texts: parts }, undefined, 1)}\n`;
}
