import { formats } from './formats/index.ts';

/** A dictionary among the files of a repository or folder. */
export interface FoundDictionary {
  /** Its folder, '' at the top; or its file without the ending, where a folder holds several. */
  path: string;
  /** Id of the file format. */
  format: string;
  /** Weights first, then the configuration where there is one. */
  files: string[];
}

/** A dictionary that would run code when it is opened as it is. */
export interface UnreadableDictionary {
  path: string;
  /** How to make it readable. */
  hint: string;
}

/** Which dictionaries a listing of paths holds, by their names alone; each weights file is claimed once. */
export function findDictionaries(paths: readonly string[]): FoundDictionary[] {
  const all = new Set(paths);
  return paths.flatMap((weights) => {
    for (const { id, files } of formats) {
      if (!files.weights.test(weights)) continue;
      const config = files.config?.(weights);
      const there = config !== undefined && all.has(config);
      if (config !== undefined && !there && !files.configOptional) continue;
      const folder = weights.slice(0, Math.max(0, weights.lastIndexOf('/')));
      const path = files.several ? stem(weights) : folder;
      return [{ path, format: id, files: there ? [weights, config] : [weights] }];
    }
    return [];
  });
}

const PICKLED = /\.(pt|pth|bin|th)$/;
/** As published: dictionary_learning, sparsify and SAELens of old, OpenAI, Kissane et al., Qwen Scope. */
const KNOWN =
  /(^|\/)(ae|sae|sae_weights|autoencoder)\.pth?$|(^|\/)autoencoders\/\d+\.pt$|_Hcat_z_[^/]*\.pt$|\.sae\.pt$/;
const OTHER = /(^|\/)(pytorch_model|optimizer|scheduler|training_args|rng_state|trainer_state)[^/]*$/;

/** Dictionaries that a listing has only in a form whose reading runs code; converted ones are left out. */
export function unreadable(paths: readonly string[]): UnreadableDictionary[] {
  const all = new Set(paths);
  return paths
    .filter((path) => PICKLED.test(path) && !OTHER.test(path) && !all.has(`${stem(path)}.safetensors`))
    .filter((path) => KNOWN.test(path) || all.has(`${stem(path)}_cfg.json`))
    .map((path) => ({ path, hint: conversionHint(path) }));
}

/**
 * Names and values stay as they are. `weights_only` keeps torch from running what the file may hold; plain numbers of
 * an activation, such as k, become tensors.
 */
export const CONVERSION =
  "import sys,torch;from safetensors.torch import save_file;p=sys.argv[1];d=torch.load(p,map_location='cpu',weights_only=True);" +
  "d=d.get('state_dict',d);a=d.get('activation_state_dict') or {};t={'activation.'+k:torch.tensor(v) for k,v in a.items() if type(v) is int};" +
  "t.update({k:v.clone().contiguous() for k,v in d.items() if torch.is_tensor(v)});save_file(t,p.rsplit('.',1)[0]+'.safetensors')";

/** The exact command that writes a readable file beside `path`. */
export function conversionHint(path: string): string {
  const quoted = path.replace(/["\\$`]/g, String.raw`\$&`);
  return `This file is a pickle, which may run code when opened, so it is not read. Convert it with: python -c "${CONVERSION}" "${quoted}"`;
}

function stem(path: string): string {
  return path.slice(0, path.lastIndexOf('.'));
}
