import type { HeadRoles } from '../../../engine/protocol.ts';
import { formatFixed } from '../../shared/format.ts';
import { separateRoles } from './derived.ts';

/** @param complete whether every text has been ablated on */
export function verdictText(head: HeadRoles, complete: boolean): string {
  const number = `effective number ${formatFixed(head.effectiveRoles, 1)}`;
  const soFar = complete ? '' : 'So far ';
  if (head.polysemantic === 'unknown') return `Not yet judged: roles are found, not yet ablated; ${number}`;
  if (head.polysemantic)
    return capital(`${soFar}polysemantic: ${separateRoles(head).length} causally separate roles, ${number}`);
  return capital(`${soFar}not polysemantic: no two large roles are causally separate, ${number}`);
}

export const shortVerdict = ({ polysemantic }: Pick<HeadRoles, 'polysemantic'>): string =>
  polysemantic === 'unknown' ? 'not yet judged' : polysemantic ? 'polysemantic' : 'not polysemantic';

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** How a head is judged, step by step. */
export const STEPS: readonly { title: string; text: string }[] = [
  {
    title: 'Latents of the head',
    text: 'Those of the dictionary on this layer’s hook_z whose decoder row has more than half of its length on the head, ‖W_dec[i, h]‖ / Σ ‖W_dec[i, h′]‖ > ½; the ten with the largest share where those are fewer. By the other rule, which leaves less of a head unexplained, every latent belongs to the head with most of its decoder row.',
  },
  {
    title: 'What each is about',
    text: 'Over the texts: what it reads (|direct feature attribution| by class of the source token and by distance), where it fires (activation by token and by place in the text), what it writes (its largest direct effects on the logits).',
  },
  {
    title: 'Which belong together',
    text: 'The mean of the three Jensen–Shannon similarities, 1 − JSD / ln 2, joined by average linkage above the threshold τ, which was chosen once by agreement with Storyworld’s labels and then frozen.',
  },
  {
    title: 'How much each role weighs',
    text: 'E‖Σ f_i W_dec[i, h]‖² over the role’s latents, as a share of that sum over all roles. What no latent of the head says, E‖z − Σ f_i W_dec[i, h]‖² / E‖z‖², is its own entry: unexplained.',
  },
  {
    title: 'How many there are in effect',
    text: 'exp(entropy) of the weights, without the unexplained part: 1 for a single role, n for n equal ones.',
  },
  {
    title: 'Whether they are separate',
    text: 'A role is taken out of z at every token and the loss is measured where each role is the head’s strongest. Two roles are causally separate when taking out one changes the other’s loss by less than 10 % of what taking out that other does, and the reverse, both own effects being above 0 beyond noise (5 % quantile over resamples of the texts). The head is polysemantic when two roles of at least 10 % of explained power each are separate.',
  },
];

/** How the paper's figure and this one differ. */
export const DIFFERENCES: readonly string[] = [
  'There a person read, for each head, the ten latents with the largest head share; here all latents of the head count.',
  'There roles were told apart by eye; here by measured similarity, with a frozen threshold.',
  'There one latent of another kind was enough; here roles below 10 % of explained power make no head polysemantic.',
  'There looking different was enough; here each role must be needed where it is strongest, and the other not.',
  'GPT-2 small has 144 heads and read the web; the bundled model is small and knows a synthetic language with few kinds of text. Another model opened here is still judged on Storyworld texts.',
];
