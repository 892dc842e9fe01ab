import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import { checksum } from './checksum.ts';
import { type LinkField, linkFields } from './link-fields.ts';
import { type LinkFields, migrate } from './link-migrations.ts';
import { decodeValue, encodeValue } from './link-text.ts';
import { pack, unpack } from './packing.ts';
import { DEFAULT_TEXT, MAX_TEXT, VERSION, type ViewState, viewStateSchema } from './view-state.ts';
import { fromWtf8, toWtf8 } from './wtf8.ts';

/**
 * A view as a URL fragment, which browsers never send to a server:
 *
 *     #/explore?v=1&c=9f03ab&model=storyworld-2m&dict=blocks.2.hook_resid_pre&f=1203&at=5&text=Anna+and+Tom
 *
 * `c` is a checksum of everything else. A link written by hand may leave out `v`, `c` and whatever should be as usual.
 */
export interface DecodedLink {
  view: ViewState;
  /** For the visitor: what was left out of account. */
  notes: string[];
  /** Set when the prompt was too long for a link; `view.text` is then empty. */
  longText?: LongText;
}

/** A prompt that only the tab it was typed in still has. */
export interface LongText {
  checksum: string;
  length: number;
}

/** Prompts up to this many characters of a fragment are written out; longer ones are packed. */
const PLAIN_LIMIT = 300;
/** Beyond this browsers and chat programs begin to cut links, so the prompt is left out. */
const PACKED_LIMIT = 60_000;

export async function encodeLink(view: ViewState): Promise<string> {
  const fields: [string, string][] = [];
  for (const { key, write } of linkFields) {
    const value = write(view);
    if (value !== undefined) fields.push([key, value]);
  }
  fields.push(await textField(view.text));
  const body: [string, string][] = [['v', String(VERSION)], ...fields];
  const [version, ...rest] = body.map(writeField);
  const link = `#/${view.view}?${[version, `c=${linkChecksum(view.view, body)}`, ...rest].join('&')}`;
  // Programs that find links in text leave a plus at the end out.
  return link.replace(/\+$/, '%20');
}

async function textField(text: string): Promise<[string, string]> {
  if (text.length <= PLAIN_LIMIT) {
    const plain = encodeValue(text);
    if (plain.length <= PLAIN_LIMIT) return ['text', text];
  }
  const packed = await pack(toWtf8(text));
  if (packed.length <= PACKED_LIMIT) return ['z', packed];
  const { checksum: sum, length } = describeLongText(text);
  return ['long', `${sum}-${length}`];
}

export function describeLongText(text: string): LongText {
  return { checksum: checksum(text), length: text.length };
}

const writeField = ([key, value]: [string, string]): string => `${key}=${encodeValue(value)}`;

// Over the meaning, not the spelling: programs that escape more characters than needed do not break a link.
function linkChecksum(view: string, fields: Iterable<[string, string]>): string {
  return checksum([view, ...[...fields].map(writeField)].join('&'));
}

/**
 * @param fragment `location.hash`, with or without `#`
 * @returns `undefined` for an empty fragment
 * @throws FacetError `bad-link` saying what is wrong
 */
export async function decodeLink(fragment: string): Promise<DecodedLink | undefined> {
  const parsed = parseFragment(fragment);
  if (!parsed) return undefined;
  const { view, fields } = parsed;
  const sum = fields.get('c');
  fields.delete('c');
  if (sum !== undefined && sum !== linkChecksum(view, fields)) {
    throw new FacetError('bad-link', 'The link is damaged: its checksum does not fit its content.');
  }
  const notes: string[] = [];
  const current = migrate(fields);
  const content: Record<string, unknown> = { v: VERSION, view };
  const known = new Set(['v', 'text', 'z', 'long', ...linkFields.map(({ key }) => key)]);
  for (const key of current.keys()) {
    if (!known.has(key))
      notes.push(`The link has a part "${key.slice(0, 40)}" that this page does not know.`);
  }
  for (const field of linkFields) {
    const value = current.get(field.key);
    if (value === undefined) continue;
    Object.assign(content, readField(field, value));
  }
  const { text, longText } = await readText(current);
  const result = v.safeParse(viewStateSchema, { ...content, text });
  if (result.success) return { view: result.output, notes, longText };
  const [issue] = result.issues;
  const path = v.getDotPath(issue)?.split('.')[0] ?? 'value';
  const what = linkFields.find(({ read }) => path in (read('0') ?? {}))?.what ?? path;
  throw new FacetError('bad-link', `The link has a wrong ${what}: ${issue.message}.`);
}

function readField({ key, what, read }: LinkField, value: string): ReturnType<LinkField['read']> {
  const content = read(value);
  if (content) return content;
  throw new FacetError('bad-link', `The link has a wrong ${what}: ${key}=${value.slice(0, 40)}.`);
}

function parseFragment(fragment: string): { view: string; fields: LinkFields } | undefined {
  const content = fragment.replace(/^#/, '');
  if (content === '' || content === '/') return undefined;
  const parts = /^\/([^?]*)(?:\?(.*))?$/s.exec(content);
  if (!parts)
    throw new FacetError('bad-link', 'The address ends in something that is not a link of this page.');
  const fields: LinkFields = new Map();
  for (const piece of (parts[2] ?? '').split('&')) {
    if (piece === '') continue;
    const [, key = '', encoded = ''] = /^([^=]*)=?(.*)$/s.exec(piece)!;
    const value = decodeValue(encoded);
    if (value === undefined) {
      throw new FacetError('bad-link', `The link is damaged in its part "${key.slice(0, 40)}".`);
    }
    if (fields.has(key)) throw new FacetError('bad-link', `The link has "${key.slice(0, 40)}" twice.`);
    fields.set(key, value);
  }
  return { view: parts[1]!, fields };
}

async function readText(fields: LinkFields): Promise<{ text: string; longText?: LongText }> {
  const [plain, packed, long] = [fields.get('text'), fields.get('z'), fields.get('long')];
  if ([plain, packed, long].filter((value) => value !== undefined).length > 1) {
    throw new FacetError('bad-link', 'The link has its prompt more than once.');
  }
  if (long !== undefined) {
    const parts = /^([0-9a-f]{6})-(\d{1,9})$/.exec(long);
    if (!parts) throw new FacetError('bad-link', 'The link has a wrong description of its prompt.');
    return { text: '', longText: { checksum: parts[1]!, length: Number(parts[2]) } };
  }
  if (packed === undefined) return { text: plain ?? DEFAULT_TEXT };
  const text = fromWtf8(await unpack(packed));
  if (text === undefined || text.length > MAX_TEXT) {
    throw new FacetError('bad-link', 'The packed text in this link is not text.');
  }
  return { text };
}
