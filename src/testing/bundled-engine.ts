import { Engine } from '../engine/engine.ts';

let shared: Promise<Engine> | undefined;

/**
 * One engine with the bundled model for all cases; it has a device of its own, as in the product. The dictionary is the
 * default one, whatever the case before left open.
 */
export async function bundledEngine(): Promise<Engine> {
  shared ??= (async () => {
    const engine = new Engine();
    await engine.connect(`${self.location.origin}/`, () => {});
    await engine.open({ model: '' }, 1, () => {});
    return engine;
  })();
  const engine = await shared;
  await engine.useDictionary('blocks.2.hook_resid_pre', 1, () => {});
  return engine;
}
