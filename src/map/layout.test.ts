import { describe, expect, it } from 'vitest';
import { refusal } from '../testing/refusal.ts';
import { makeLayout } from './client.ts';
import { layOut, neighboursKept, type LayoutRequest } from './layout.ts';
import type { FromMapWorker } from './messages.ts';
import { nearest, planted, trustworthiness } from '../testing/planted.ts';

const K = 10;
const bundles = planted(6, 40, 16, 3);

function request(seed: number): LayoutRequest {
  const { data: directions, dimensions } = bundles;
  return { k: K, ...nearest(directions, dimensions, K), dimensions, directions, seed };
}

describe('a layout', () => {
  const first = layOut(request(1), () => {});

  it('is the same for the same seed, to the last bit, and another for another', () => {
    expect(layOut(request(1), () => {}).positions).toEqual(first.positions);
    expect(layOut(request(2), () => {}).positions).not.toEqual(first.positions);
  });

  it('keeps near what is near', () => {
    const { data, dimensions, bundle } = bundles;
    expect(trustworthiness(data, dimensions, first.positions, K)).toBeGreaterThan(0.9);
    // Bundles of directions are islands on the map: every point's nearest is of its own bundle.
    const nearestOnMap = bundle.map((_, point) => {
      const away = (other: number): number =>
        Math.hypot(
          first.positions[2 * other]! - first.positions[2 * point]!,
          first.positions[2 * other + 1]! - first.positions[2 * point + 1]!,
        );
      return [...bundle.keys()].filter((other) => other !== point).sort((a, b) => away(a) - away(b))[0]!;
    });
    expect(nearestOnMap.filter((other, point) => bundle[other] !== bundle[point])).toEqual([]);
  });

  it('says which share of the true neighbours it keeps', () => {
    const { indices } = request(1);
    expect(first.kept).toBe(neighboursKept(first.positions, indices, K));
    expect(first.kept).toBeGreaterThan(0.4);
    expect(first.kept).toBeLessThan(1);
    // Points on a line whose neighbours are those on the line.
    const line = Float32Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? at : 0));
    const beside = Uint32Array.from({ length: 10 }, (_, point) => (point === 0 ? 1 : point - 1));
    expect(neighboursKept(line, beside, 1)).toBe(1);
    const far = Uint32Array.from({ length: 10 }, (_, point) => (point + 5) % 10);
    expect(neighboursKept(line, far, 1)).toBe(0);
  });

  it('tells of every epoch', () => {
    const told: number[] = [];
    layOut(request(1), (epoch, epochs) => told.push(epoch / epochs));
    expect(told).toHaveLength(500);
    expect(told.at(-1)).toBe(1);
  });

  it('is made of one or two points, or of points without neighbours, too', () => {
    for (const n of [0, 1, 2]) {
      const none = { k: 0, indices: new Uint32Array(), cosines: new Float32Array(), dimensions: 4, seed: 1 };
      const { positions } = layOut({ ...none, directions: new Float32Array(4 * n).fill(0.5) }, () => {});
      expect(positions).toHaveLength(2 * n);
      expect(positions.every(Number.isFinite)).toBe(true);
    }
  });
});

/** A worker that only notes what is done with it. */
class SilentWorker {
  ended = 0;
  asked: unknown;
  onmessage?: (event: { data: FromMapWorker }) => void;
  onerror?: (event: { message: string }) => void;
  postMessage(asked: unknown): void {
    this.asked = asked;
  }
  terminate(): void {
    this.ended += 1;
  }
}

describe('the worker of a layout', () => {
  const run = () => {
    const worker = new SilentWorker();
    const controller = new AbortController();
    const seen: number[] = [];
    const layout = makeLayout(request(1), {
      signal: controller.signal,
      onPartial: (_, epoch, epochs) => seen.push(epoch / epochs),
      start: () => worker as unknown as Worker,
    });
    return { worker, controller, layout, seen };
  };

  it('is ended at once when the layout is not wanted any more', async () => {
    const { worker, controller, layout } = run();
    controller.abort();
    await refusal(() => layout, 'cancelled');
    expect(worker.ended).toBe(1);
  });

  it('is not started for one that is not wanted before', async () => {
    let started = 0;
    const start = (): Worker => {
      started += 1;
      return new SilentWorker() as unknown as Worker;
    };
    const signal = AbortSignal.abort();
    await refusal(() => makeLayout(request(1), { signal, start }), 'cancelled');
    expect(started).toBe(0);
  });

  it('gives partial layouts, then the whole, and ends', async () => {
    const { worker, layout, seen } = run();
    const positions = new Float32Array(480);
    worker.onmessage?.({ data: { kind: 'partial', epoch: 5, epochs: 10, positions } });
    worker.onmessage?.({ data: { kind: 'done', layout: { positions, kept: 0.5 } } });
    expect((await layout).kept).toBe(0.5);
    expect(seen).toEqual([0.5]);
    expect(worker.ended).toBe(1);
  });

  it('says why it failed', async () => {
    const first = run();
    first.worker.onerror?.({ message: 'no script' });
    await expect(first.layout).rejects.toThrow('no script');
    const second = run();
    second.worker.onmessage?.({ data: { kind: 'failed', error: { code: 'bug', message: 'odd' } } });
    await expect(second.layout).rejects.toThrow('odd');
    expect(second.worker.ended).toBe(1);
  });
});
