/**
 * What SAELens keeps in its own list of published dictionaries instead of in their folders, and applies when it loads
 * them by name. All of these are of GPT-2 with centred writing weights.
 * @source SAELens 6.54 `pretrained_saes.yaml`: `config_overrides`, `norm_scaling_factor`
 */
const CENTRED = [
  'jbloom/GPT2-Small-SAEs-Reformatted',
  'jbloom/GPT2-Small-Feature-Splitting-Experiment-Layer-8',
  'tommmcgrath/gpt2-small-mlp-out-saes',
];

/** By folder in the last of them. */
const INPUT_SCALES: Record<string, number> = {
  'sae_group_gpt2_blocks.0.hook_mlp_out_24576:v1': 1.049317316132615,
  'sae_group_gpt2_blocks.1.hook_mlp_out_24576:v0': 2.3693984005104283,
  'sae_group_gpt2_blocks.2.hook_mlp_out_24576:v0': 1.6411934982190302,
  'sae_group_gpt2_blocks.3.hook_mlp_out_24576:v0': 1.8958522157897557,
  'sae_group_gpt2_blocks.4.hook_mlp_out_24576:v0': 1.81673478700627,
  'sae_group_gpt2_blocks.5.hook_mlp_out_24576:v0': 1.550234472245924,
  'sae_group_gpt2_blocks.6.hook_mlp_out_24576:v0': 1.3237742807210804,
  'sae_group_gpt2_blocks.7.hook_mlp_out_24576:v0': 1.1042905114723296,
  'sae_group_gpt2_blocks.8.hook_mlp_out_24576:v1': 0.9123762783479742,
  'sae_group_gpt2_blocks.9.hook_mlp_out_24576:v0': 0.6955335635232373,
  'sae_group_gpt2_blocks.10.hook_mlp_out_24576:v0': 0.3619728926727644,
  'sae_group_gpt2_blocks.11.hook_mlp_out_24576:v2': 0.2851548652550073,
};

/** Widths of the first two. */
const WIDTHS = [768, 1536, 3072, 6144, 12288, 24576, 49152, 98304];

/** What a configuration says, `hook_point` being a name of version 3 and older. */
interface Signature {
  model_name?: string | null;
  hook_point?: string | null;
  model_from_pretrained_kwargs?: object | null;
  dSae: number;
}

/**
 * Copies are known by the folder that is named after the repository or the dictionary; those of the first two also by
 * what only their configurations say.
 * @param where path of the weights inside the repository, or of a local copy
 */
export function facts(
  { path = '', repository }: { path?: string; repository?: string },
  config: Signature,
): { centre: boolean; inputScale?: number } {
  const folders = path.split('/').slice(0, -1);
  const scaled = folders.find((folder) => Object.hasOwn(INPUT_SCALES, folder));
  const named = CENTRED.some((each) => each === repository || folders.includes(each.split('/')[1]!));
  return {
    centre: named || scaled !== undefined || isResidualOfGpt2(config),
    inputScale: scaled === undefined ? undefined : INPUT_SCALES[scaled],
  };
}

function isResidualOfGpt2({
  model_name,
  hook_point,
  model_from_pretrained_kwargs,
  dSae,
}: Signature): boolean {
  return (
    /^gpt2(-small)?$/.test(model_name ?? '') &&
    /^blocks\.\d+\.hook_resid_(pre|post)$/.test(hook_point ?? '') &&
    !model_from_pretrained_kwargs &&
    WIDTHS.includes(dSae)
  );
}
