/** What the text loses under a sparse attention pattern. */
export default function SparsePart() {
  return null;
}
