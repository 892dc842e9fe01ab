/** A WebAssembly module compiled from AssemblyScript (`scripts/assemblyscript.ts`): its address, or its bytes. */
declare module '*?asc' {
  const source: string | Uint8Array<ArrayBuffer>;
  export default source;
}
declare module '*?asc-relaxed' {
  const source: string | Uint8Array<ArrayBuffer>;
  export default source;
}
