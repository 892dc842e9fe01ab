import { FacetError } from '../../shared/errors.ts';

/**
 * Rows dropped from behind the prefix when a model with room for `context` rows reads the first `total` of a sequence. A
 * full context is not slid a row at a time, which would mean reading all of it anew for every token, because positions
 * change: a quarter of what follows the prefix goes at once, again and again until the rest fits. So what is read follows
 * from the number of rows alone, for prompts that are too long and for texts that grow.
 * @throws FacetError `bad-input` when the prefix leaves no room
 */
export function droppedRows(total: number, { prefix, context }: { prefix: number; context: number }): number {
  const room = context - prefix;
  if (room < 1)
    throw new FacetError('bad-input', `A context of ${context} tokens leaves no room for a text.`);
  const over = total - prefix - room;
  if (over <= 0) return 0;
  const step = Math.ceil(room / 4);
  return Math.ceil(over / step) * step;
}
