export function FeatureSearch() {
  return null;
}
