import type { GgufArchitecture } from './architecture.ts';
import { decoder, decoderConfig } from './decoder.ts';

/** Qwen2: nothing but names differs. @source llama.cpp `Qwen2Model` */
export const qwen2: GgufArchitecture = {
  id: 'qwen2',
  ...decoder,
  config: (about, file) => ({
    ...decoderConfig(about, file),
    model_type: 'qwen2',
    hidden_act: 'silu',
    use_sliding_window: false,
  }),
};
