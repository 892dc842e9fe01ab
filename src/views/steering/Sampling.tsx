import { useId } from 'react';
import { useTexts } from '../../state/steered-texts.ts';
import { usePage } from '../../state/store.ts';
import { MAX_NEW_TOKENS } from '../../state/view-state.ts';
import { NumberField } from './NumberField.tsx';

/** How the next token is chosen, how many there are to be, and whether the text is said in a chat. */
export function Sampling() {
  const view = usePage((state) => state.view);
  const change = usePage((state) => state.change);
  return (
    <fieldset className="sampling">
      <legend className="visually-hidden">How texts are generated</legend>
      <NumberField
        title="Tokens"
        about="How many tokens are generated at most. A token that ends a text ends it earlier."
        value={view.newTokens}
        least={1}
        most={MAX_NEW_TOKENS}
        whole
        onChange={(newTokens) => change({ newTokens })}
      />
      <NumberField
        title="Seed"
        about="Step i of one seed draws the same number in every text: where the same tokens are as likely, the same one is chosen."
        value={view.seed}
        least={0}
        most={2 ** 32 - 1}
        whole
        onChange={(seed) => change({ seed })}
      />
      <NumberField
        title="Temperature"
        about="Logits are divided by it before a token is drawn; 0 always takes the likeliest."
        value={view.temperature}
        least={0}
        most={10}
        step={0.1}
        onChange={(temperature) => change({ temperature })}
      />
      <NumberField
        title="Top-k"
        about="Only the k likeliest tokens can be drawn; 0: all."
        value={view.topK}
        least={0}
        most={1_000_000}
        whole
        onChange={(topK) => change({ topK })}
      />
      <NumberField
        title="Top-p"
        about="Only the likeliest tokens that together have at least this probability can be drawn; 1: all."
        value={view.topP}
        least={0.0001}
        most={1}
        onChange={(topP) => change({ topP })}
      />
      <NumberField
        title="Repetition penalty"
        about="Logits of tokens that stand in the text already are divided by it when positive, multiplied when negative (Keskar et al. 2019); 1: not."
        value={view.penalty}
        least={0.1}
        most={10}
        step={0.1}
        onChange={(penalty) => change({ penalty })}
      />
      <Chat />
    </fieldset>
  );
}

/** Only where the model’s tokenizer brings a template. */
function Chat() {
  const id = useId();
  const offered = useTexts((state) => state.prompting?.chat ?? false);
  const { chat, system } = usePage((state) => state.view);
  const change = usePage((state) => state.change);
  if (!offered && !chat) return null;
  return (
    <div className="sampling-chat">
      <label className="tick-box small">
        <input type="checkbox" checked={chat} onChange={(event) => change({ chat: event.target.checked })} />{' '}
        The text is said to the model in a chat
      </label>
      {chat && (
        <>
          <label htmlFor={id} className="small">
            System prompt
          </label>
          <textarea
            id={id}
            rows={2}
            maxLength={2_000}
            value={system}
            onChange={(event) => change({ system: event.target.value.toWellFormed() })}
          />
          {!offered && (
            <p className="small note">This model brings no chat template: turn the chat off to go on.</p>
          )}
        </>
      )}
    </div>
  );
}
