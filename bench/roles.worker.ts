import { expose } from 'comlink';
import { adjustedRand, cut } from '../src/analysis/heads/roles-cluster.ts';
import { labelCounts, scoreLabels } from '../src/analysis/heads/roles-labels.ts';
import type { HeadRun } from '../src/analysis/heads/roles-profile.ts';
import { groupLatents } from '../src/analysis/heads/roles.ts';
import { Gate } from '../src/engine/gate.ts';
import { findRoles, RolesScan } from '../src/engine/heads/roles.ts';
import { OpenedModelState } from '../src/engine/opened-model.ts';
import type { LayerRoles } from '../src/engine/protocol.ts';
import { makeSession, type Session } from '../src/engine/session.ts';
import { Gpu } from '../src/gpu/gpu.ts';
import { loadCatalogue } from '../src/library/catalogue.ts';
import { parseHook } from '../src/model/hooks.ts';

/** A latent has a label when firing tells it at least this well. */
const LEAST_F1 = 0.3;

export interface Agreement {
  threshold: number;
  /** For the half the threshold is chosen on, and the half held out. */
  rand: [number, number];
  /** F1 of the pairs of one head's latents that share a role, against those that share a label. */
  pairs: [number, number];
}

type Points = (readonly [role: number, label: number])[];

function pairF1(sets: readonly Points[]): number {
  let [both, role, label] = [0, 0, 0];
  for (const points of sets) {
    points.forEach(([r, l], i) => {
      for (const [otherRole, otherLabel] of points.slice(0, i)) {
        role += r === otherRole ? 1 : 0;
        label += l === otherLabel ? 1 : 0;
        both += r === otherRole && l === otherLabel ? 1 : 0;
      }
    });
  }
  return (2 * both) / (role + label);
}

/** Every dictionary on `hook_z` of the bundled model, one after the other. */
async function eachLayer(
  work: (session: Session, id: string, layer: number) => Promise<void>,
): Promise<void> {
  using gpu = await Gpu.acquire({ largestTensorBytes: 1 << 28 });
  const signal = new AbortController().signal;
  const context = { site: new URL(`${self.location.origin}/`), signal, onProgress: () => {} };
  const catalogue = await loadCatalogue(context.site, signal);
  using opened = await OpenedModelState.load(gpu, catalogue, catalogue.models[0]!.id, undefined, context);
  const session = makeSession(opened, new Gate(), context, (text) => opened.tokenizer.tokenize(text));
  for (const { id, hook } of opened.summaries) {
    const point = parseHook(hook, opened.model.config);
    if (point.hook === 'attn.hook_z') await work(session, id, point.layer);
  }
}

/** Latents of a head with the label each tells best. */
function labelledLatents({ texts }: RolesScan, run: HeadRun): Map<number, number> {
  const counts = labelCounts(texts);
  const found = new Map<number, number>();
  for (const latent of run.profiles.keys()) {
    const [best] = scoreLabels(run, new Set([latent]), texts, counts, 1);
    if (best && best.f1 >= LEAST_F1) found.set(latent, best.label);
  }
  return found;
}

const bench = {
  /**
   * Agreement of roles with the labels that latents tell best, over all heads of the bundled model. Latents are halved by
   * turns, and each half is grouped on its own.
   */
  async threshold(seed: number, items: number): Promise<{ labelled: number[]; agreement: Agreement[] }> {
    const thresholds = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);
    const sets = thresholds.map(() => [[], []] as [Points[], Points[]]);
    await eachLayer((session, id, layer) =>
      session.opened.withDictionaries([id], session.context, async ([loaded]) => {
        const request = { dictionary: id, corpus: { seed, items }, owned: 'largest' as const };
        const scan = new RolesScan(session, loaded!.dictionary, layer, request);
        await scan.read(() => {});
        await scan.group(() => {});
        for (const { run, groups } of scan.heads) {
          const labels = labelledLatents(scan, run);
          const writes = new Map([...labels.keys()].map((latent) => [latent, groups!.writes[latent]!]));
          for (const half of [0, 1]) {
            const own = [...labels.keys()].filter((_, i) => i % 2 === half);
            const { merges } = await groupLatents(run, own, writes, async () => {});
            thresholds.forEach((threshold, i) => {
              const roles = cut(merges, own.length, threshold);
              sets[i]![half]!.push(own.map((latent, at) => [roles[at]!, labels.get(latent)!] as const));
            });
          }
        }
      }),
    );
    return {
      labelled: [0, 1].map((half) => sets[0]![half]!.reduce((sum, { length }) => sum + length, 0)),
      agreement: thresholds.map((threshold, i) => ({
        threshold,
        rand: [adjustedRand(sets[i]![0]), adjustedRand(sets[i]![1])],
        pairs: [pairF1(sets[i]![0]), pairF1(sets[i]![1])],
      })),
    };
  },
  /** Roles of every head of the bundled model. */
  async roles(
    seed: number,
    items: number,
    owned: 'half' | 'largest',
  ): Promise<{ layers: LayerRoles[]; seconds: number[] }> {
    const layers: LayerRoles[] = [];
    const seconds: number[] = [];
    await eachLayer(async (session, dictionary) => {
      const started = performance.now();
      const listener = { onProgress: () => {}, onPartial: () => {} };
      layers.push(await findRoles(session, { dictionary, corpus: { seed, items }, owned }, listener));
      seconds.push((performance.now() - started) / 1000);
      console.log(`${dictionary}: ${seconds.at(-1)!.toFixed(0)} s`);
    });
    return { layers, seconds };
  },
};

export type RolesBench = typeof bench;
expose(bench);
