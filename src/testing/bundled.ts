import type { Dictionary } from '../dictionary/dictionary.ts';
import { loadDictionary } from '../dictionary/load.ts';
import type { Gpu } from '../gpu/gpu.ts';
import { ModelTokenizer } from '../model/tokenizer.ts';
import { Transformer } from '../model/transformer.ts';
import { openUrl } from './family-goldens.ts';

const MODEL = '/models/storyworld-2m';

async function json(address: string): Promise<unknown> {
  return (await fetch(new URL(address, self.location.origin))).json();
}

/** The model that ships with the page. */
export async function bundledModel(gpu: Gpu): Promise<Transformer> {
  const tensors = await openUrl('model', `${MODEL}/model.safetensors`);
  return Transformer.load(gpu, await json(`${MODEL}/config.json`), tensors);
}

export async function bundledTokenizer(): Promise<ModelTokenizer> {
  const [tokenizer, config] = await Promise.all(
    ['tokenizer.json', 'tokenizer_config.json'].map((name) => json(`${MODEL}/${name}`)),
  );
  return new ModelTokenizer(tokenizer, config);
}

/** The dictionary that ships for a hook. */
export async function bundledDictionary(gpu: Gpu, hook: string): Promise<Dictionary> {
  const folder = `/dictionaries/storyworld-2m/${hook}`;
  const weights = await openUrl(hook, `${folder}/sae_weights.safetensors`);
  return loadDictionary(gpu, { id: hook, config: await json(`${folder}/cfg.json`), weights });
}
