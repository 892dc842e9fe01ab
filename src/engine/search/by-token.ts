import { tokenEffects } from '../../analysis/search/token-effects.ts';
import { FacetError } from '../../shared/errors.ts';
import { readerOf } from '../heads/reading.ts';
import type { TokenSearch, TokenSearchRequest } from '../protocol.ts';
import type { Session } from '../session.ts';
import { checkSearch } from './asked.ts';
import { withCurrent } from './current.ts';

/** Tokens named in a refusal. */
const NAMED = 8;

/** See `SearchApi.byToken`. @throws FacetError `bad-input`, `unsupported`, `cancelled` */
export async function searchByToken(session: Session, request: TokenSearchRequest): Promise<TokenSearch> {
  checkSearch('token', request);
  const { tokens } = session.split(request.token);
  const [token, ...more] = tokens;
  if (!token || more.length > 0) {
    const named = tokens.slice(0, NAMED).map(({ text }) => `“${text}”`);
    throw new FacetError(
      'bad-input',
      `“${request.token.slice(0, 80)}” is ${tokens.length} tokens of this model: ${named.join(', ')}${tokens.length > NAMED ? ', …' : ''}.`,
      { hint: 'Search for one of them; a space before a word belongs to its token.' },
    );
  }
  const logits = await withCurrent(session, ({ dictionary }) =>
    tokenEffects(readerOf(session), dictionary, token.id),
  );
  const sign = request.order === 'promoted' ? -1 : 1;
  const order = Uint32Array.from(logits.keys()).sort((a, b) => sign * (logits[a]! - logits[b]!) || a - b);
  return {
    token: { id: token.id, text: token.text },
    found: Array.from(order.subarray(0, request.most), (feature) => ({ feature, logit: logits[feature]! })),
  };
}
