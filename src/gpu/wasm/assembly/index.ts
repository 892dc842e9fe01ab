// Kernels on the processor, compiled by AssemblyScript to 4-wide SIMD. Pointers are byte addresses in the one memory;
// every array is f32 and row-major unless it says otherwise. Nothing here allocates: scratch areas are passed in.
export { attention, attentionScratch } from './attention';
export { encodeTopK, encodeTopKScratch } from './encode';
export { alloc, free } from './heap';
export { dots, matmul, matmulScratch, multiplyRow } from './matmul';
export { activateRows, addValues, layerNorm, rmsNorm, rotate } from './rows';
export { expSums, logSumExpRows } from './softmax';
export { fmaChain } from './roof';
// Inner loops. Engines compile a function well once it has been called often, so these must stay functions: the
// compiler's optimizer would move what has one caller and is not exported into that caller.
export { select } from './encode';
export { addRows } from './matmul';
export { packColumns, packRows, tile } from './panels';
export { activateRow, normRow, rmsRow, rotateHead } from './rows';
export { logSumExp } from './softmax';
export { eightChains, oneChain, twoChains } from './roof';
