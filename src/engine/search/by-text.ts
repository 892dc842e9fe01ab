import { rankFeatures } from '../../analysis/search/rank.ts';
import { FacetError } from '../../shared/errors.ts';
import type { LoadedDictionary } from '../opened-model.ts';
import type { SearchedText, TextSearch, TextSearchRequest } from '../protocol.ts';
import type { Session } from '../session.ts';
import { checkSearch } from './asked.ts';
import { withCurrent } from './current.ts';
import { readPart, windowsOf } from './windows.ts';

/** See `SearchApi.byText`. @throws FacetError `bad-input`, `cancelled` */
export async function searchByText(session: Session, request: TextSearchRequest): Promise<TextSearch> {
  checkSearch('text', request);
  return withCurrent(session, async (current) => {
    const { dSae } = current.info;
    const { rank, rates, most } = request;
    if (rank === 'specificity' && !(rates?.length === dSae && rates.every((rate) => rate > 0 && rate <= 1)))
      throw new FacetError(
        'bad-input',
        'Specificity needs the rate of every feature, above 0 and at most 1.',
        {
          hint: 'Read a corpus first; what never fired there counts as if it had once.',
        },
      );
    const text = await readText(session, current, request.text);
    const against = request.against ? await readText(session, current, request.against) : undefined;
    const ranked = rankFeatures(text, against, { rank, rates });
    return { found: ranked.slice(0, most), firing: ranked.length, text, against };
  });
}

/** @throws FacetError `bad-input` for a text without tokens */
async function readText(session: Session, current: LoadedDictionary, text: string): Promise<SearchedText> {
  const { tokens } = session.split(text);
  if (tokens.length === 0) throw new FacetError('bad-input', 'There is no text to read.');
  const offsets = new Uint32Array(tokens.length + 1);
  const indices: number[] = [];
  const values: number[] = [];
  let counted = 0;
  for (const part of windowsOf(session, tokens, current.info.prefix)) {
    const { codes, prefix } = await readPart(session, [current], part);
    const [own] = codes;
    part.tokens.forEach((_, i) => {
      const row = prefix + i;
      if (row > 0) {
        counted += 1;
        for (let e = own!.offsets[row]!; e < own!.offsets[row + 1]!; e++) {
          indices.push(own!.indices[e]!);
          values.push(own!.values[e]!);
        }
      }
      offsets[part.first + i + 1] = indices.length;
    });
  }
  const codes = { offsets, indices: Uint32Array.from(indices), values: Float32Array.from(values) };
  return { tokens, codes, counted };
}
