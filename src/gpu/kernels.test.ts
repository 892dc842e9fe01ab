import { describe, expect, test } from 'vitest';
// Its Node entry is broken; this is the same code as a module.
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { type KernelSpec, shaderText } from './kernel.ts';

const modules = import.meta.glob<Record<string, unknown>>('./kernels/*.ts', { eager: true });
const shaders = import.meta.glob<string>('../shaders/*.wgsl', {
  eager: true,
  query: '?raw',
  import: 'default',
});

/** The declarations alone: the reflecting parser does not know every expression a body may hold. */
function declarations(text: string): string {
  let kept = '';
  let depth = 0;
  let inFunction = false;
  for (const line of text.split('\n').map((each) => each.replace(/\/\/.*$/, ''))) {
    if (depth === 0 && /\bfn\s+\w+/.test(line)) inFunction = true;
    for (const character of line) {
      if (character === '}') depth--;
      if (!inFunction || depth === 0) kept += character;
      if (character === '{') depth++;
      if (character === '}' && depth === 0) inFunction = false;
    }
    kept += '\n';
  }
  // Sizes may be expressions, which the parser does not know either.
  return kept.replace(/^var<workgroup>.*$/gm, '').replace(/@workgroup_size\([^)]*\)/g, '@workgroup_size(1)');
}

const isKernel = (value: unknown): value is KernelSpec =>
  typeof value === 'object' && value !== null && 'source' in value && 'dims' in value && 'tensors' in value;
// Those for the processor alone have no shader.
const kernels = Object.entries(modules)
  .filter(([path]) => !path.endsWith('.cases.ts'))
  .flatMap(([, module]) => Object.values(module).filter(isKernel))
  .filter(({ source }) => source !== '');

test('every shader belongs to a kernel of its name, and every kernel to a shader', () => {
  const stems = Object.keys(shaders).map((path) => path.replace(/^.*\/|\.wgsl$/g, ''));
  expect(kernels.map(({ name }) => name).sort()).toEqual(stems.sort());
});

describe.each(kernels.map((kernel) => [kernel.name, kernel] as const))('%s', (name, kernel) => {
  test.each(['f32', 'f16', 'bf16'] as const)('is bound as the host binds it, weights %s', (weights) => {
    const reflect = new WgslReflect(declarations(shaderText(kernel, { weights })));
    const [uniform] = reflect.uniforms;
    expect(reflect.uniforms).toHaveLength(1);
    expect([uniform!.group, uniform!.binding]).toEqual([0, 0]);
    const members = uniform!.members!.map((member) => [member.name, member.type.name, member.offset]);
    expect(members).toEqual(Object.entries(kernel.dims).map(([dim, type], i) => [dim, type, 4 * i]));
    const storage = reflect.storage
      .toSorted((a, b) => a.binding - b.binding)
      .map(({ name: tensor, binding, access }) => [tensor, binding, access === 'read_write']);
    const bound = Object.entries(kernel.tensors).map(([tensor, access], i) => [
      tensor,
      i + 1,
      access === 'write',
    ]);
    // A tensor's name on the host is the shader's, except for weights, which are `w` where there is one matrix.
    expect(storage.map(([, ...rest]) => rest)).toEqual(bound.map(([, ...rest]) => rest));
    expect(storage.map(([tensor]) => tensor)).toEqual(bound.map(([tensor]) => tensor));
  });

  test('has one entry point, and every constant a caller may set', () => {
    const reflect = new WgslReflect(declarations(shaderText(kernel, {})));
    expect(reflect.entry.compute.map((entry) => entry.name)).toEqual(['main']);
    expect(reflect.overrides.map((override) => override.name)).toEqual(
      expect.arrayContaining(Object.keys(kernel.overrides ?? {})),
    );
    expect(name).toMatch(/^[a-z0-9_]+$/);
  });
});
