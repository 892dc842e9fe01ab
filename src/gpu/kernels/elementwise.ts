import { elementsOf, type Tensor } from '../tensor.ts';

const WORKGROUP = 64;
const ROW = 65_536;

/** How an elementwise kernel covers a tensor in rows short enough for one dispatch dimension. */
export function coverage(tensor: Tensor): { n4: number; stride: number; groups: [number, number] } {
  const n4 = Math.ceil(elementsOf(tensor.shape) / 4);
  const stride = Math.min(n4, ROW);
  return { n4, stride, groups: [Math.ceil(stride / WORKGROUP), Math.ceil(n4 / Math.max(1, stride))] };
}
