import { Gate } from '../engine/gate.ts';
import { OpenedModelState } from '../engine/opened-model.ts';
import { makeSession, type Session } from '../engine/session.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { loadCatalogue } from '../library/catalogue.ts';
import { FacetError } from '../shared/errors.ts';

/** What a call of the page works with, on the bundled model, which goes afterwards. @param work gets what cancels the call */
export async function withBundledSession(
  gpu: Gpu,
  work: (session: Session, stop: () => void) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const context = { site: new URL(`${self.location.origin}/`), signal, onProgress: () => {} };
  const catalogue = await loadCatalogue(context.site, signal);
  using opened = await OpenedModelState.load(gpu, catalogue, catalogue.models[0]!.id, undefined, context);
  const session = makeSession(opened, new Gate(), context, (text) => opened.tokenizer.tokenize(text));
  await work(session, () => controller.abort());
}

/** Code of the error a call rejects with, `none` for one that does not. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (thrown) {
    if (thrown instanceof FacetError) return thrown.code;
    throw thrown;
  }
  return 'none';
}
