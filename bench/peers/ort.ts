import type {
  Answer,
  Contender,
  DecodeWork,
  EncodeWork,
  Kind,
  ModelWork,
  Prepared,
  Ways,
} from './contender.ts';
import { OnnxGraph } from './onnx.ts';
import { OrtOps, type OrtWay } from './ort-ops.ts';
import { headsFirst, recordModel } from './program.ts';

/** As much of onnxruntime-web as is used: the package is not there when types are checked. */
interface OrtTensor {
  getData(): Promise<Float32Array | Int32Array | BigInt64Array>;
  dispose(): void;
}
interface OrtSession {
  run(feeds: Record<string, OrtTensor>, fetches?: readonly string[]): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}
interface Ort {
  env: {
    wasm: { numThreads: number; wasmPaths: string };
    webgpu: { readonly device: Promise<GPUDevice> };
    logLevel: string;
  };
  InferenceSession: { create(graph: Uint8Array, options: object): Promise<OrtSession> };
  Tensor: {
    new (type: string, data: Float32Array | Int32Array, dims: readonly number[]): OrtTensor;
    fromGpuBuffer(buffer: GPUBuffer, options: { dataType: 'float32'; dims: readonly number[] }): OrtTensor;
  };
}

/** onnxruntime-web with graph optimisation, weights and large outputs on the device, one thread. */
export async function openOrt(kind: Kind): Promise<Contender> {
  const bundle = kind === 'webgpu' ? 'ort.webgpu.min.mjs' : 'ort.wasm.min.mjs';
  const ort = (await import(/* @vite-ignore */ `/ort/${bundle}`)) as Ort;
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.logLevel = 'error';
  const open = (graph: OnnxGraph, large: readonly string[]): Promise<OrtSession> => {
    const { graph: bytes, externalData } = graph.build();
    const gpu = {
      executionProviders: ['webgpu'],
      preferredOutputLocation: Object.fromEntries(large.map((name) => [name, 'gpu-buffer'])),
    };
    return ort.InferenceSession.create(bytes, {
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      externalData,
      ...(kind === 'webgpu' ? gpu : { executionProviders: ['wasm'] }),
    });
  };
  /** @param whole the output with the whole answer, which stays on the device when the work is timed */
  const prepared = (
    session: OrtSession,
    feeds: Record<string, OrtTensor>,
    small: readonly string[],
    read: (outputs: Record<string, OrtTensor>) => Promise<Answer>,
    whole: readonly string[] = [],
  ): Prepared => ({
    async answer() {
      const outputs = await session.run(feeds, [...small, ...whole]);
      const answer = await read(outputs);
      for (const output of Object.values(outputs)) output.dispose();
      return answer;
    },
    async run() {
      const outputs = await session.run(feeds, small);
      await Promise.all(small.map((name) => outputs[name]!.getData()));
      for (const output of Object.values(outputs)) output.dispose();
    },
    dispose: () => void session.release(),
  });

  /** An input that is there before the work begins: on the device, where that is another. */
  const kept = async (values: Float32Array<ArrayBuffer>, dims: readonly number[]): Promise<OrtTensor> => {
    if (kind === 'cpu') return new ort.Tensor('float32', values, dims);
    const device = await ort.env.webgpu.device;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: values.byteLength, usage });
    device.queue.writeBuffer(buffer, 0, values);
    return ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims });
  };
  /** @param work without a k: the matmul alone */
  const encode = async ({ tokens, d, latents, k, x, wEnc, bEnc }: EncodeWork): Promise<Prepared> => {
    const graph = new OnnxGraph();
    graph.input('x', 'f32', [tokens, d]);
    const [product] = graph.node('MatMul', ['x', graph.constant(wEnc, [d, latents])]);
    const bias = graph.constant(bEnc, [latents]);
    const feeds = { x: new ort.Tensor('float32', x, [tokens, d]) };
    if (k === 0) {
      const whole = graph.output('whole', 'f32', [tokens, latents]);
      graph.node('Add', [product!, bias], {}, { outputs: [whole] });
      graph.node(
        'Gather',
        [whole, graph.ints(tokens - 1)],
        { axis: 0 },
        { outputs: [graph.output('row', 'f32', [1, latents])] },
      );
      return prepared(await open(graph, ['whole']), feeds, ['row'], readWhole, ['whole']);
    }
    const [p] = graph.node('Add', [product!, bias]);
    const [active] = graph.node('Relu', [p!]);
    const outputs = [graph.output('values', 'f32', [tokens, k]), graph.output('indices', 'i64', [tokens, k])];
    graph.node('TopK', [active!, graph.ints(k)], { axis: 1, largest: 1, sorted: 1 }, { outputs });
    return prepared(await open(graph, []), feeds, ['values', 'indices'], async ({ values, indices }) => ({
      values: ((await values!.getData()) as Float32Array).slice(),
      codes: { indices: Array.from((await indices!.getData()) as BigInt64Array, Number), k },
    }));
  };

  return {
    name: kind === 'webgpu' ? 'onnxruntime-web WebGPU' : 'onnxruntime-web WASM',
    kind,
    ours: false,
    model: (work) =>
      ways(waysOf(work), async (way) => {
        const { ids, residual, config, cache } = work;
        const graph = new OnnxGraph();
        const ops = new OrtOps(graph, work, way);
        const feeds: Record<string, OrtTensor> = {};
        const length = ids.length;
        if (residual) feeds.residual = new ort.Tensor('float32', residual, [1, length, config.dModel]);
        else feeds.ids = new ort.Tensor('int32', Int32Array.from(ids), [1, length]);
        const input = residual ? graph.input('residual', 'f32', [1, length, config.dModel]) : undefined;
        if (!residual) graph.input('ids', 'i32', [1, length]);
        const out = recordModel(ops, config, input);
        const width = residual ? config.dModel : config.dVocab;
        graph.node('Identity', [out], {}, { outputs: [graph.output('whole', 'f32', [1, length, width])] });
        graph.node(
          'Gather',
          [out, graph.ints(length - 1)],
          { axis: 1 },
          { outputs: [graph.output('row', 'f32', [1, 1, width])] },
        );
        const session = await open(graph, ['whole', ...ops.presents]);
        for (const [layer, { k, v }] of cache?.layers.entries() ?? [])
          for (const [part, values] of Object.entries({ k, v }))
            feeds[`past_${part}_${layer}`] = await kept(headsFirst(values, config.nKvHeads, config.dHead), [
              1,
              config.nKvHeads,
              cache!.rows,
              config.dHead,
            ]);
        return prepared(session, feeds, ['row'], readWhole, ['whole']);
      }),
    encode: (work) => ways(['dense'] as const, () => encode(work)),
    matmul: (work) => ways(['dense'] as const, () => encode(work)),
    decode: (work) =>
      ways(['gather', 'scatter'] as const, async (way) => {
        const { tokens, k, indices, values } = work;
        const graph = decodeGraph(work, way);
        const session = await open(graph, ['whole']);
        const feeds = {
          indices: new ort.Tensor('int32', Int32Array.from(indices), [tokens, k]),
          values: new ort.Tensor('float32', values, [tokens, k]),
        };
        return prepared(session, feeds, ['row'], readWhole, ['whole']);
      }),
    dispose() {},
  };
}

/** Multi-head attention knows neither rotation nor shared keys. */
function waysOf({ config, cache }: ModelWork): OrtWay[] {
  const simple = !cache && !config.layers[0]!.rope && config.nHeads === config.nKvHeads;
  return ['grouped', ...(simple ? (['heads'] as const) : []), 'plain'];
}

const readWhole = async ({ whole }: Record<string, OrtTensor>): Promise<Answer> => ({
  values: ((await whole!.getData()) as Float32Array).slice(),
});

function ways<Name extends string>(names: readonly Name[], prepare: (way: Name) => Promise<Prepared>): Ways {
  return Object.fromEntries(names.map((name) => [name, () => prepare(name)]));
}

function decodeGraph(
  { tokens, d, k, latents, wDec, bDec }: DecodeWork,
  way: 'gather' | 'scatter',
): OnnxGraph {
  const graph = new OnnxGraph();
  graph.input('indices', 'i32', [tokens, k]);
  graph.input('values', 'f32', [tokens, k]);
  const weights = graph.constant(wDec, [latents, d]);
  let sum: string;
  if (way === 'gather') {
    const [rows] = graph.node('Gather', [weights, 'indices'], { axis: 0 });
    const [wide] = graph.node('Reshape', ['values', graph.ints(tokens, 1, k)]);
    const [product] = graph.node('MatMul', [wide!, rows!]);
    [sum] = graph.node('Reshape', [product!, graph.ints(tokens, d)]) as [string];
  } else {
    const zeros = graph.node('Expand', [
      graph.constant(Float32Array.of(0), [1]),
      graph.ints(tokens, latents),
    ])[0]!;
    const [dense] = graph.node('ScatterElements', [zeros, 'indices', 'values'], { axis: 1 });
    [sum] = graph.node('MatMul', [dense!, weights]) as [string];
  }
  const [whole] = graph.node(
    'Add',
    [sum, graph.constant(bDec, [d])],
    {},
    { outputs: [graph.output('whole', 'f32', [tokens, d])] },
  );
  graph.node(
    'Gather',
    [whole!, graph.ints(tokens - 1)],
    { axis: 0 },
    { outputs: [graph.output('row', 'f32', [1, d])] },
  );
  return graph;
}
