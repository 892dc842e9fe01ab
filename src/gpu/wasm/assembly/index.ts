// Kernels on the processor, compiled by AssemblyScript to 4-wide SIMD. Pointers are byte addresses in the one memory;
// every array is f32 and row-major unless it says otherwise. Nothing here allocates: scratch areas are passed in.
export { alloc, free } from './heap';
export { fmaChain } from './roof';
// Inner loops, which must stay functions.
export { eightChains, oneChain, twoChains } from './roof';
