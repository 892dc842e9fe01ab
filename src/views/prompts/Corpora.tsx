export function Corpora() {
  return null;
}
