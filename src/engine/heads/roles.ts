import { type OwnedLatents, readOwned, writtenTokens } from '../../analysis/heads/roles-owned.ts';
import { roleDelta } from '../../analysis/heads/roles-power.ts';
import { HeadRun, type RoleText } from '../../analysis/heads/roles-profile.ts';
import { lossesWith, longestText, readLayer } from '../../analysis/heads/roles-scan.ts';
import { judgeSeparateness, type RoleSums } from '../../analysis/heads/roles-separate.ts';
import { BEGINNING, labelValues, Names, tokenClass } from '../../analysis/heads/roles-tokens.ts';
import type { RoleNames } from '../../analysis/heads/roles-words.ts';
import type { Turn } from '../../analysis/heads/rows.ts';
import {
  addRises,
  describeHead,
  emptySums,
  firedLatents,
  groupLatents,
  type HeadGroups,
  latentsOf,
  THRESHOLD,
  withAblations,
} from '../../analysis/heads/roles.ts';
import type { Dictionary } from '../../dictionary/dictionary.ts';
import { parseHook } from '../../model/hooks.ts';
import { FacetError } from '../../shared/errors.ts';
import { generate } from '../../storyworld/index.ts';
import { labelTokens } from '../../storyworld/token-labels.ts';
import type { OpenedModelState } from '../opened-model.ts';
import type { HeadRoles, LayerRoles, Progress, RolesRequest } from '../protocol.ts';
import type { Session } from '../session.ts';

const MOST_ITEMS = 2_000;
/** Ablated passes of one turn. */
const PASSES_AT_ONCE = 6;
/** Between two partial results. */
const PARTIAL_EVERY_MS = 3_000;
/** A stretch of work on the processor before others may have a turn. */
const STRETCH_MS = 250;

export interface RolesListener {
  onProgress: (progress: Progress) => void;
  onPartial: (partial: LayerRoles) => void;
}

/** See `HeadsApi.roles`. @throws FacetError `bad-input`, `unsupported`, `cancelled` */
export function findRoles(
  session: Session,
  request: RolesRequest,
  listener: RolesListener,
): Promise<LayerRoles> {
  const { opened, context } = session;
  return opened.withDictionaries([request.dictionary], context, async ([loaded]) => {
    const { dictionary } = loaded!;
    const layer = checkRequest(opened, dictionary, request);
    const scan = new RolesScan(session, dictionary, layer, request);
    const record = (ablated: boolean): LayerRoles => ({
      dictionary: dictionary.id,
      layer,
      items: scan.texts.length,
      tokens: scan.texts.reduce((sum, { ids }) => sum + ids.length - 1, 0),
      threshold: THRESHOLD,
      heads: scan.describe(ablated),
    });
    await scan.read(listener.onProgress);
    await scan.group(listener.onProgress);
    if (request.ablations === false) return record(false);
    listener.onPartial(record(false));
    let reported = performance.now();
    await scan.ablate(listener.onProgress, () => {
      if (performance.now() - reported < PARTIAL_EVERY_MS) return;
      listener.onPartial(record(true));
      reported = performance.now();
    });
    return record(true);
  });
}

/** @returns the dictionary's layer */
function checkRequest({ model }: OpenedModelState, dictionary: Dictionary, request: RolesRequest): number {
  const { corpus, heads = [], owned = 'half' } = request;
  if (!['half', 'largest'].includes(owned))
    throw new FacetError(
      'bad-input',
      `Heads own latents by half or largest share, not by "${String(owned)}".`,
    );
  const { layer, hook } = parseHook(dictionary.hook, model.config);
  if (hook !== 'attn.hook_z' || layer === undefined || dictionary.hookOut !== dictionary.hook) {
    throw new FacetError(
      'unsupported',
      `The dictionary "${dictionary.id}" does not read the outputs of heads.`,
      {
        hint: 'Roles are made of the features of a dictionary on attn.hook_z.',
      },
    );
  }
  if (!Number.isInteger(corpus.items) || corpus.items < 1 || corpus.items > MOST_ITEMS)
    throw new FacetError('bad-input', `Roles are found on 1 to ${MOST_ITEMS} texts.`);
  const strange = heads.find((head) => !(Number.isInteger(head) && head >= 0 && head < model.config.nHeads));
  if (strange !== undefined)
    throw new FacetError(
      'bad-input',
      `There is no head ${strange}; this model has ${model.config.nHeads}, from 0.`,
    );
  return layer;
}

interface ScannedHead {
  own: OwnedLatents;
  run: HeadRun;
  /** From `group` on. */
  groups?: HeadGroups;
  sums?: RoleSums;
  record?: HeadRoles;
}

/** One layer's heads over a corpus: first what fires where, then the groups, then what ablating them does. */
export class RolesScan {
  readonly texts: RoleText[] = [];
  readonly names: RoleNames;
  readonly heads: ScannedHead[] = [];
  #stretch = performance.now();

  constructor(
    private readonly session: Session,
    private readonly dictionary: Dictionary,
    private readonly layer: number,
    private readonly request: RolesRequest,
  ) {
    const { tokenizer } = session.opened;
    this.names = {
      classes: new Names(),
      places: new Names(),
      labels: new Names(),
      token: (id) => tokenizer.text(id),
    };
  }

  /** Runs every text through model and dictionary, one a turn. */
  async read(onProgress: RolesListener['onProgress']): Promise<void> {
    const { session, dictionary, layer, request } = this;
    const { model } = session.opened;
    const wanted = new Set(request.heads ?? Array.from({ length: model.config.nHeads }, (_, head) => head));
    const turn: Turn = (part) => session.turn(part);
    const own = { wanted: (head: number) => wanted.has(head), rule: request.owned };
    const owned = await readOwned(model, dictionary, own, turn);
    this.heads.push(...owned.map((own) => ({ own, run: new HeadRun(own.weights) })));
    const { items } = request.corpus;
    for (let item = 0; item < items; item++) {
      const text = this.#text(item);
      this.texts.push(text);
      const reading = await session.turn(() =>
        readLayer(model, dictionary, layer, text.ids as Uint32Array<ArrayBuffer>),
      );
      const { nHeads, nKvHeads, dHead } = model.config;
      const length = text.ids.length;
      for (const { own, run } of this.heads) {
        const { head } = own;
        const group = Math.floor(head / (nHeads / nKvHeads));
        run.add(
          text,
          reading.codes,
          {
            pattern: reading.pattern.subarray(head * length * length, (head + 1) * length * length),
            v: { data: reading.v, stride: nKvHeads * dHead, offset: group * dHead },
            z: { data: reading.z, stride: nHeads * dHead, offset: head * dHead },
          },
          reading.scales,
        );
      }
      onProgress(progress('texts', item + 1, items));
    }
  }

  /** Item of the corpus as it is read, with what its tokens are called. */
  #text(item: number): RoleText {
    const { opened } = this.session;
    const { tokenizer, model, info } = opened;
    const { names } = this;
    const prefix = opened.prefixFor(this.dictionary);
    const story = generate(this.request.corpus.seed, item);
    const most = Math.min(info.nCtx, longestText(model)) - prefix.length;
    const tokens = tokenizer.tokenize(story.text).tokens.slice(0, most);
    const labels = labelTokens(story, tokens);
    const own = labels.map((each) => labelValues(each).map((label) => names.labels.number(label)));
    const next = labels.map((each) => labelValues(each).map((label) => names.labels.number(`next ${label}`)));
    const before = prefix.map(() => []);
    const classes = tokens.map(({ text }, t) => tokenClass(text, labels[t]!));
    const called = (kind: Names, list: readonly string[]): Uint32Array =>
      Uint32Array.from([...prefix.map(() => BEGINNING), ...list], (name) => kind.number(name));
    return {
      ids: Uint32Array.from([...prefix, ...tokens], ({ id }) => id),
      classes: called(names.classes, classes),
      places: called(
        names.places,
        classes.map((name) => `${name} (${story.register})`),
      ),
      labels: [...before, ...own].map((each, row) =>
        Uint32Array.from([...each, ...(next[row + 1 - prefix.length] ?? [])]),
      ),
    };
  }

  /** Groups each head's latents. */
  async group(onProgress: RolesListener['onProgress']): Promise<void> {
    const { model, tokenizer } = this.session.opened;
    for (const [done, each] of this.heads.entries()) {
      onProgress(progress('groups', done, this.heads.length));
      const fired = firedLatents(each.run);
      const pause = (): Promise<void> => this.#pause();
      const writes = await writtenTokens(
        model,
        this.dictionary,
        each.own,
        fired,
        tokenizer.vocabSize,
        (part) => this.session.turn(part),
      );
      each.groups = await groupLatents(each.run, fired, writes, pause);
      each.sums = emptySums(each.groups);
      each.record = { layer: this.layer, ...describeHead(each.groups, each.own, this) };
      await this.#pause();
    }
  }

  /** Ablates the large roles of every head, text by text. */
  async ablate(onProgress: RolesListener['onProgress'], onText: () => void): Promise<void> {
    const { session, layer, texts } = this;
    const { model } = session.opened;
    const width = model.config.nHeads * model.config.dHead;
    for (const [number, text] of texts.entries()) {
      const ids = text.ids as Uint32Array<ArrayBuffer>;
      const passes = this.heads.flatMap(({ own, run, groups }, head) => {
        const columns = { width, from: own.head * model.config.dHead };
        return Array.from({ length: groups!.measured }, (_, role) => {
          const delta = roleDelta(run, latentsOf(groups!, role), { number, length: ids.length }, columns);
          return { head, role, delta };
        }).filter(({ delta }) => delta !== undefined);
      });
      const without = this.heads.map((): Float32Array[] => []);
      let clean: Float32Array | undefined;
      for (let first = 0; first < passes.length; first += PASSES_AT_ONCE) {
        const part = passes.slice(first, first + PASSES_AT_ONCE);
        const deltas = part.map(({ delta }) => delta!);
        const [asIs, ...ablated] = await session.turn(() => lossesWith(model, layer, ids, deltas));
        clean = asIs;
        part.forEach(({ head, role }, i) => (without[head]![role] = ablated[i]!));
      }
      if (clean) {
        this.heads.forEach(({ groups, sums }, head) =>
          addRises(sums!, groups!.strongest[number]!, number, clean, without[head]!),
        );
      }
      onProgress(progress('ablations', number + 1, texts.length));
      onText();
    }
  }

  describe(ablated: boolean): HeadRoles[] {
    return this.heads.map(({ groups, sums, record }) =>
      ablated
        ? withAblations(record!, groups!.measured, judgeSeparateness(sums!, this.request.corpus.seed))
        : record!,
    );
  }

  /** Lets others have a turn when this has gone on for a while. */
  async #pause(): Promise<void> {
    if (performance.now() - this.#stretch < STRETCH_MS) return;
    await this.session.turn(() => new Promise<void>((done) => setTimeout(done)));
    this.#stretch = performance.now();
  }
}

function progress(what: string, done: number, total: number): Progress {
  return { phase: 'heads', what, done, total, unit: 'steps' };
}
