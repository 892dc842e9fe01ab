/**
 * What SAELens keeps in its own list of published dictionaries instead of in their folders, and applies when it loads
 * them by name.
 * @source SAELens 6.54 `pretrained_saes.yaml`: `config_overrides`, `norm_scaling_factor`
 */
const FACTS: { repository: string; centre: boolean; inputScales?: Record<string, number> }[] = [
  { repository: 'jbloom/GPT2-Small-SAEs-Reformatted', centre: true },
  { repository: 'jbloom/GPT2-Small-Feature-Splitting-Experiment-Layer-8', centre: true },
  {
    repository: 'tommmcgrath/gpt2-small-mlp-out-saes',
    centre: true,
    inputScales: {
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
    },
  },
];

/** @param where path of the weights inside the repository; the innermost folder names the dictionary */
export function facts(where: { path?: string; repository?: string }): {
  centre: boolean;
  inputScale?: number;
} {
  const known = FACTS.find(({ repository }) => repository === where.repository);
  const folder = where.path?.split('/').at(-2) ?? '';
  const scales = known?.inputScales;
  return {
    centre: known?.centre ?? false,
    inputScale: scales && Object.hasOwn(scales, folder) ? scales[folder] : undefined,
  };
}
