/** The features that read this head, of the dictionary on its layer’s output. */
export default function FeaturesPart() {
  return null;
}
