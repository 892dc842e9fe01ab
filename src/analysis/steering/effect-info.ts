/** A property of a token that can be seen in a text alone, e.g. that it is inside quotation marks. */
export interface EffectInfo {
  id: string;
  title: string;
  meaning: string;
}
