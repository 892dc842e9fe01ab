import type { Look } from '../../state/library.ts';
import { listedFiles } from '../../state/obtain.ts';
import { formatBytes, formatCount } from '../shared/format.ts';
import { VirtualRows } from '../shared/VirtualRows.tsx';
import { Facts, Section } from './Section.tsx';

/** What the files say of the model: its parts, its hooks, and the files themselves. */
export function Architecture({ look }: { look: Look }) {
  const { model } = look.inspection;
  const files = listedFiles(look);
  const count = (value: number | undefined): string | undefined =>
    value === undefined ? undefined : formatCount(value);
  return (
    <>
      {model && (
        <Section
          title="Architecture"
          about={
            <p>
              d_model: values a token carries between layers. Heads: attention heads a layer, and the
              key/value heads they share. d_head: values of one head. d_mlp: neurons of one MLP layer.
              Context: tokens read at once.
            </p>
          }
        >
          <Facts
            facts={[
              { name: 'Family', value: model.family },
              { name: 'Parameters', value: count(model.parameters) },
              { name: 'Layers', value: count(model.config?.nLayers) },
              { name: 'd_model', value: count(model.config?.dModel) },
              {
                name: 'Heads / key-value heads',
                value:
                  model.config &&
                  `${formatCount(model.config.nHeads)} / ${formatCount(model.config.nKvHeads)}`,
              },
              { name: 'd_head', value: count(model.config?.dHead) },
              { name: 'd_mlp', value: count(model.config?.dMlp) },
              { name: 'Vocabulary (d_vocab)', value: count(model.config?.dVocab) },
              { name: 'Context', value: model.config && `${formatCount(model.config.nCtx)} tokens` },
              { name: 'Weights', value: model.weights },
              { name: 'Tokenizer', value: model.tokenizer },
              { name: 'Licence', value: look.set.license ?? 'not stated' },
            ]}
          />
          {!model.config && !model.refusal && (
            <p className="small">A GGUF file says the rest itself, once it is downloaded.</p>
          )}
        </Section>
      )}
      {model && model.hooks.length > 0 && (
        <Section
          title="Hooks"
          about={
            <p>
              Points of the forward pass that can be read, by their TransformerLens names, with their width:
              values a token. A dictionary reads one of them.
            </p>
          }
        >
          <VirtualRows
            label={`${formatCount(model.hooks.length)} hooks`}
            count={model.hooks.length}
            rowHeight={24}
            keyOf={(index) => model.hooks[index]!.name}
            passive
          >
            {(index) => {
              const { name, width } = model.hooks[index]!;
              return (
                <span className="line">
                  <code>{name}</code>
                  <span className="number">{formatCount(width)}</span>
                </span>
              );
            }}
          </VirtualRows>
        </Section>
      )}
      <Section title="Files">
        <p className="small set-id">{look.set.id}</p>
        <VirtualRows
          label={`${formatCount(files.length)} files`}
          count={files.length}
          rowHeight={24}
          keyOf={(index) => files[index]!.path}
          passive
        >
          {(index) => {
            const { path, bytes, here } = files[index]!;
            return (
              <span className="line">
                <span className="line-name">{path}</span>
                <span className="small">{here ? 'here' : ''}</span>
                <span className="number">{formatBytes(bytes)}</span>
              </span>
            );
          }}
        </VirtualRows>
      </Section>
    </>
  );
}
