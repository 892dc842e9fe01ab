/**
 * Largest tensor in bytes where the processor computes: a size class of the buffer pool below what its heap gives at
 * once, so that a buffer of that class, too, has room.
 */
export const CPU_LARGEST_TENSOR = 768 * 2 ** 20;
