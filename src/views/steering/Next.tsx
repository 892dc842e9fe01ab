export function Next() {
  return null;
}
