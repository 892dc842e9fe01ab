export function FeatureIndex() {
  return null;
}
