export function Recipe() {
  return null;
}
