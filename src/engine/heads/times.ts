import { timeLength, type TimedPoint } from '../../analysis/heads/sparse-times.ts';
import { FacetError } from '../../shared/errors.ts';
import type { AttentionTimes, AttentionTimesRequest, Progress } from '../protocol.ts';
import type { Session } from '../session.ts';

const BLOCK = 16;
const USUAL_ROUNDS = 7;
const MOST = { lengths: 8, length: 4_096, densities: 16, rounds: 50 };

/** See `HeadsApi.attentionTimes`. */
export async function timeAttention(
  session: Session,
  { lengths, densities, rounds = USUAL_ROUNDS }: AttentionTimesRequest,
  onProgress: (progress: Progress) => void,
): Promise<AttentionTimes> {
  const whole = (value: number, most: number): boolean =>
    Number.isInteger(value) && value >= 1 && value <= most;
  if (
    lengths.length === 0 ||
    lengths.length > MOST.lengths ||
    densities.length === 0 ||
    densities.length > MOST.densities ||
    !lengths.every((length) => whole(length, MOST.length)) ||
    !densities.every((density) => density >= 0 && density <= 1) ||
    !whole(rounds, MOST.rounds)
  ) {
    throw new FacetError('bad-input', 'These times cannot be taken.', {
      hint: `Ask for up to ${MOST.lengths} lengths to ${MOST.length} tokens, up to ${MOST.densities} densities from 0 to 1, and up to ${MOST.rounds} rounds.`,
    });
  }
  const { gpu, config } = session.opened.model;
  const points: TimedPoint[] = [];
  for (const [done, length] of lengths.entries()) {
    onProgress({ phase: 'heads', what: 'lengths', done, total: lengths.length, unit: 'steps' });
    const asked = { length, blockSize: BLOCK, densities, rounds };
    points.push(...(await timeLength(gpu, config, asked, (work) => session.turn(work))));
  }
  const { nHeads: heads, dHead } = config;
  return {
    heads,
    dHead,
    blockSize: BLOCK,
    clock: points.every(({ clock }) => clock === 'gpu') ? 'gpu' : 'wall',
    points: points.map(({ clock: _clock, ...point }) => point),
  };
}
