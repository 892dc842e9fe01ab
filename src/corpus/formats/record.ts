import { cut, JSON_DEPTH, MOST_FIELDS, NAME_UNITS, VALUE_UNITS } from '../limits.ts';
import type { Row } from './format.ts';

/** Names in a path `a.b` of a field inside others. */
const DEPTH = 8;

/**
 * A row from a value as JSON has them. Fields inside others get the path `a.b`; lists stay JSON. Names are only ever
 * keys of a `Map`, so `__proto__` is a name like any other.
 * @param field whose value is never cut, and there however many others come first
 */
export function recordRow(line: number, value: unknown, field?: string): Row {
  if (typeof value === 'string') return { line, text: value };
  if (!isRecord(value))
    return { line, why: `${Array.isArray(value) ? 'a list' : String(value)} is no record` };
  const values = new Map<string, string>();
  gather(value, '', 0, field, values);
  if (field !== undefined && !values.has(field)) {
    const chosen = byPath(value, field);
    if (chosen != null) values.set(field, asText(chosen));
  }
  return { line, values };
}

function gather(
  record: Readonly<Record<string, unknown>>,
  path: string,
  depth: number,
  field: string | undefined,
  values: Map<string, string>,
): void {
  for (const key of Object.keys(record)) {
    if (values.size >= MOST_FIELDS) return;
    const value = record[key];
    const name = path === '' ? key : `${path}.${key}`;
    if (isRecord(value) && depth < DEPTH) gather(value, name, depth + 1, field, values);
    else if (value != null && value !== '') {
      const short = name.length > NAME_UNITS ? cut(name, NAME_UNITS) : name;
      // A text may be any of them until one is chosen.
      if (!values.has(short))
        values.set(short, typeof value === 'string' ? value : asText(value, field !== name));
    }
  }
}

function byPath(record: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(record, path)) return record[path];
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const key = path.slice(0, dot);
    const inner = Object.hasOwn(record, key) ? record[key] : undefined;
    const found = isRecord(inner) ? byPath(inner, path.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @param short for metadata, which is cut anyway */
function asText(value: unknown, short = false): string {
  if (typeof value === 'string') return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
  if (value instanceof Uint8Array) return textOfBytes(value, short);
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  // The beginning of a long list says as much as will be kept of it.
  const shown =
    short && Array.isArray(value) && value.length > VALUE_UNITS ? value.slice(0, VALUE_UNITS) : value;
  return JSON.stringify(shown, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner);
    return inner instanceof Uint8Array ? `${inner.length} bytes` : inner;
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Columns of texts are not always marked as such; images and the like stand beside texts as often. */
function textOfBytes(bytes: Uint8Array, short: boolean): string {
  try {
    if (!short || bytes.length <= 4 * VALUE_UNITS) {
      const text = utf8.decode(bytes);
      if (!text.includes('\0')) return text;
    }
  } catch {
    // No text.
  }
  return `${bytes.length} bytes`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  return !(Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Date);
}

/** @returns the value, or why there is none */
export function parseJson(text: string): { value: unknown } | { why: string } {
  if (depthOf(text) > JSON_DEPTH) return { why: `nested more than ${JSON_DEPTH} deep` };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (thrown) {
    // Browsers quote the text in their message.
    return { why: `not JSON: ${cut(thrown instanceof Error ? thrown.message : String(thrown), 120)}` };
  }
}

/** How deep brackets are nested outside of strings. Asked first: parsers allocate for every level. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  let quoted = false;
  if (text.length < JSON_DEPTH) return 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x5c) i++;
    else if (unit === 0x22) quoted = !quoted;
    else if (quoted) continue;
    else if (unit === 0x7b || unit === 0x5b) most = Math.max(most, ++depth);
    else if (unit === 0x7d || unit === 0x5d) depth--;
  }
  return most;
}
