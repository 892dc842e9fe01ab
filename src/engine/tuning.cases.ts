import type { Gpu } from '../gpu/gpu.ts';
import { choicesOf } from '../gpu/tune/choices.ts';
import { MemoryStore } from '../library/store.ts';
import { gpuCases } from '../testing/cases.ts';
import { Gate } from './gate.ts';
import { Tuning } from './tuning.ts';

const ASKED = { rows: 3, k: 5, d: 36, weights: 'f32' };
const READS = { narrow: 1, wide: 1, shared: 1, 'shared-wide': 1 };

function meet(gpu: Gpu): void {
  choicesOf(gpu).clear();
  choicesOf(gpu).look<string>('decode', ASKED, 'none', READS);
}

const runs = (gpu: Gpu): string => choicesOf(gpu).look<string>('decode', ASKED, 'none', READS);

function tuningOn(store: MemoryStore, idleMs = 0): Tuning {
  return new Tuning(new Gate(), { open: () => Promise.resolve(store), software: true, idleMs });
}

/** Measures what was met, as an idle page would. */
async function measure(tuning: Tuning, gpu: Gpu): Promise<void> {
  tuning.noteReading();
  tuning.idle(gpu);
  await new Promise((resolve) => setTimeout(resolve));
  await tuning.settled;
}

async function kept(store: MemoryStore): Promise<string> {
  return (await (await store.read('tuning', 'choices.json'))?.text()) ?? '';
}

export const cases = gpuCases('tuning', {
  'what was measured is in use, reported, kept, and found again': async (gpu) => {
    const store = new MemoryStore();
    meet(gpu);
    const tuning = tuningOn(store);
    await measure(tuning, gpu);
    const [found, ...more] = tuning.report(gpu).classes;
    if (!found || more.length > 0 || runs(gpu) !== found.chosen) throw new Error(JSON.stringify(found));
    meet(gpu);
    const again = tuningOn(store);
    await again.restore(gpu);
    const report = again.report(gpu);
    if (runs(gpu) !== found.chosen) throw new Error('what was kept is not in use');
    if (JSON.stringify(report.classes) !== JSON.stringify([found]) || report.waiting > 0)
      throw new Error(JSON.stringify(report));
    choicesOf(gpu).clear();
  },
  'nothing begins before a text was read, while somebody asks, or on software unless told to': async (
    gpu,
  ) => {
    const store = new MemoryStore();
    meet(gpu);
    const early = tuningOn(store);
    early.idle(gpu);
    const busy = tuningOn(store);
    busy.noteReading();
    busy.idle(gpu);
    busy.rest();
    const shy = new Tuning(new Gate(), { open: () => Promise.resolve(store), idleMs: 0 });
    shy.noteReading();
    if (gpu.adapter.software) shy.idle(gpu);
    await new Promise((resolve) => setTimeout(resolve));
    await Promise.all([early.settled, busy.settled, shy.settled]);
    if (runs(gpu) !== 'none' || (await kept(store)) !== '') throw new Error('something was measured');
    choicesOf(gpu).clear();
  },
  'turned off it goes back to the defaults, and stays off': async (gpu) => {
    const store = new MemoryStore();
    meet(gpu);
    const tuning = tuningOn(store);
    await measure(tuning, gpu);
    await tuning.set(gpu, false);
    if (runs(gpu) !== 'none' || tuning.report(gpu).on) throw new Error('a choice is still in use');
    const again = tuningOn(store);
    await again.restore(gpu);
    await measure(again, gpu);
    if (again.report(gpu).on || runs(gpu) !== 'none') throw new Error('it began again by itself');
    await again.set(gpu, true);
    await measure(again, gpu);
    if (runs(gpu) === 'none') throw new Error('it was not turned on');
    choicesOf(gpu).clear();
  },
  'what does not fit this adapter, these kernels or the format is not put into use': async (gpu) => {
    const store = new MemoryStore();
    meet(gpu);
    await measure(tuningOn(store), gpu);
    const good = JSON.parse(await kept(store)) as Record<string, unknown> & { classes: object[] };
    const [found] = good.classes;
    for (const bad of [
      '',
      '{',
      'null',
      '[]',
      JSON.stringify({ ...good, adapter: 'another' }),
      JSON.stringify({ ...good, fingerprint: '0' }),
      JSON.stringify({ ...good, on: false }),
      JSON.stringify({ ...good, classes: Array.from({ length: 501 }, () => found) }),
      JSON.stringify({ ...good, classes: [{ ...found, chosen: 'toString' }] }),
      JSON.stringify({ ...good, classes: [{ ...found, op: 'other' }] }),
      JSON.stringify({ ...good, classes: [{ ...found, asked: { ...ASKED, rows: -1 } }] }),
      JSON.stringify({ ...good, classes: [{ ...found, asked: { ...ASKED, rows: 1e300 } }] }),
      JSON.stringify({ ...good, classes: [{ ...found, ratio: 'fast' }] }),
      JSON.stringify({ ...good, padding: 'x'.repeat(300_000) }),
    ]) {
      await store.write('tuning', 'choices.json', bad);
      meet(gpu);
      const tuning = tuningOn(store);
      await tuning.restore(gpu);
      if (runs(gpu) !== 'none' || tuning.report(gpu).classes.length > 0)
        throw new Error(`took ${bad.slice(0, 200)}`);
    }
    await store.write('tuning', 'choices.json', JSON.stringify(good));
    await tuningOn(store).restore(gpu);
    if (runs(gpu) === 'none') throw new Error('what fits was not taken');
    choicesOf(gpu).clear();
  },
});
