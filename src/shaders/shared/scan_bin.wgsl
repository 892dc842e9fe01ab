// The bin a value is in, its lower edge included; what is outside all of them is in the first or last.
fn bin_of(value: f32) -> u32 {
  var low = 0u;
  var high = dims.bins - 1u;
  while (low < high) {
    let middle = (low + high + 1u) / 2u;
    if (value >= edges[middle]) { low = middle; } else { high = middle - 1u; }
  }
  return low;
}
