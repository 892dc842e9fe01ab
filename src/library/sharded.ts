import * as v from 'valibot';
import { FacetError } from '../shared/errors.ts';
import type { TensorReader } from '../shared/tensor-file.ts';

const MOST = { shards: 1000, tensors: 100_000 };

// Not `v.record`, which drops names such as "prototype".
const indexSchema = v.object({
  weight_map: v.custom<Record<string, string>>(
    (map) =>
      typeof map === 'object' &&
      map !== null &&
      !Array.isArray(map) &&
      Object.values(map).every(
        (file) => typeof file === 'string' && /^[\w.-]{1,200}\.safetensors$/.test(file),
      ),
    'weight_map must map tensors to names of .safetensors files of the same folder',
  ),
});

/**
 * The tensors of a checkpoint in several files, as one. Every shard is opened once, that is, its header is read.
 * @param indexJson contents of `model.safetensors.index.json`, not trusted
 * @param open opens a file of the same folder
 * @throws FacetError `bad-file` when the index is wrong, when a tensor is not in the shard the index names or is in a
 *   second one; whatever `open` throws, with `not-found` naming the missing shard
 * @source huggingface_hub `get_sharded_checkpoint` / transformers `load_sharded_checkpoint`
 */
export async function openSharded(
  indexJson: unknown,
  open: (file: string) => Promise<TensorReader>,
): Promise<TensorReader> {
  const parsed = v.safeParse(indexSchema, indexJson);
  if (!parsed.success) throw bad(`it is not an index: ${parsed.issues[0].message}`);
  const places = Object.entries(parsed.output.weight_map);
  const files = [...new Set(places.map(([, file]) => file))];
  if (places.length > MOST.tensors || files.length > MOST.shards)
    throw bad(`it lists ${places.length} tensors in ${files.length} files`);
  const shards = new Map<string, TensorReader>();
  for (const file of files) shards.set(file, await openShard(file, open));
  const tensors = new Map<string, TensorReader>();
  for (const [name, file] of places) {
    const shard = shards.get(file)!;
    if (!shard.info(name)) throw bad(`"${name.slice(0, 80)}" is not in ${file}, where it should be`);
    tensors.set(name, shard);
  }
  for (const [file, shard] of shards) {
    const twice = shard.names().find((name) => tensors.has(name) && tensors.get(name) !== shard);
    if (twice !== undefined) throw bad(`"${twice.slice(0, 80)}" is in ${file} too`);
  }
  return new Shards(tensors);
}

function bad(what: string): FacetError {
  return new FacetError('bad-file', `model.safetensors.index.json and its files do not agree: ${what}.`, {
    hint: 'Download all files again, from the same revision.',
  });
}

async function openShard(file: string, open: (file: string) => Promise<TensorReader>): Promise<TensorReader> {
  try {
    return await open(file);
  } catch (cause) {
    if (!(cause instanceof FacetError) || cause.code !== 'not-found') throw cause;
    throw new FacetError('not-found', `${file}, one of the files of this model, is missing.`, {
      hint: 'All files that model.safetensors.index.json lists are needed.',
      cause,
    });
  }
}

class Shards implements TensorReader {
  constructor(private readonly tensors: ReadonlyMap<string, TensorReader>) {}

  names(): string[] {
    return [...this.tensors.keys()];
  }

  info(name: string): ReturnType<TensorReader['info']> {
    return this.tensors.get(name)?.info(name);
  }

  async read(name: string, from?: number, to?: number): Promise<Uint8Array<ArrayBuffer>> {
    const shard = this.tensors.get(name);
    if (!shard) throw new FacetError('not-found', `The model has no tensor "${name}".`);
    return shard.read(name, from, to);
  }
}
