// Not every browser has these symbols yet. Classes name methods by them, so whoever starts a thread imports this first.
for (const name of ['dispose', 'asyncDispose'] as const)
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
