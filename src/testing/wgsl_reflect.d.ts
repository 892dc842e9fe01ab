/** What the tests use of wgsl_reflect, whose package declares no types for its module. */
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  interface Binding {
    name: string;
    group: number;
    binding: number;
    /** `read`, `write` or `read_write` */
    access: string;
    members: { name: string; offset: number; type: { name: string } }[] | null;
  }

  export class WgslReflect {
    constructor(code: string);
    uniforms: Binding[];
    storage: Binding[];
    overrides: { name: string }[];
    entry: { compute: { name: string }[] };
  }
}
