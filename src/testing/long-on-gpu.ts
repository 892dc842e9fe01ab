/**
 * Cases that take longest on a software adapter. An ordinary run leaves them out there: what they ask of the engine is
 * asked on the processor in every run, and the kernels under it have cases of their own. `npm test -- --all` runs them on
 * both. The two of kernels try ways to split the work that this adapter does not use by itself.
 */
export const LONG_ON_GPU: readonly string[] = [
  'sae_encode_topk: every way to split the encoder matmul',
  'matmul: the same kernels with other sizes of tiles',
  'the table of suggestions: is of the bundled model, and its clearest rows are found again on other texts',
  'heads of the bundled model: the top induction head is missed most on pairs that stood before in repeated sequences, the top previous-token head in that register',
  'scans: stopped at random, and read on, they are byte for byte the same',
  'examples of a scan: values of examples are the codes of the same text read by itself, and intervals hold what was counted',
  'examples of a scan: partners and what a feature is about are those of the tokens read one by one',
  'searching the bundled dictionary: tokens on which two features fire and a third does not are those of every text’s analysis',
  'searching the bundled dictionary: a text longer than the context is read in windows',
  'searching the bundled dictionary: a dictionary matched with itself is the identity, and its latents fire with themselves',
  'comparing in the engine: a long text is read by windows, and a row of it is one of the window',
  'comparing in the engine: what is kept goes with the model',
  'induction: features of induction point at the token after the earlier occurrence',
  'label table: figures are those of counting tokens of the fresh sample one by one',
  'scans: two at once do not mix, nor does a dictionary that is chosen meanwhile',
  'generation: the same where the uncached way is taken: base, steered and frozen, across a slide',
  'generation: steered and frozen texts over two slides, their losses and KL',
  'comparing with and without interventions: what follows one row alone is what the whole comparison says of it, cold, warm and for a row before the change',
  'heads of the bundled model: the heads that score for induction on repeated sequences are one layer, whose ablation hurts most',
  'a sweep of strengths: is what texts made one by one and counted by hand say',
];
