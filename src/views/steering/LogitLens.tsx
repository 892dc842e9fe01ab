export function LogitLens() {
  return null;
}
