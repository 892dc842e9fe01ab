"""Writes what `transformers` does around a model when it generates.

    python training/goldens_generation.py

`src/analysis/steering/goldens/sampling.json`: for several settings, steps of `generate` with a tiny random model: the ids
so far, the model's logits, and the probabilities that are drawn from once its processors have been over them.

`src/model/goldens/chat.json`: conversations through chat templates in the style of well-known ones, with small tokenizers
of `src/model/goldens/tokenizers`: the text, its ids, or the words a template refuses them with.
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

ROOT = Path(__file__).resolve().parent.parent
SAMPLING = ROOT / "src" / "analysis" / "steering" / "goldens" / "sampling.json"
CHAT = ROOT / "src" / "model" / "goldens" / "chat.json"
TOKENIZERS = ROOT / "src" / "model" / "goldens" / "tokenizers"

SETTINGS = [
    {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0},
    {"temperature": 0.7, "top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0},
    {"temperature": 1.6, "top_k": 7, "top_p": 1.0, "repetition_penalty": 1.0},
    {"temperature": 0.9, "top_k": 0, "top_p": 0.8, "repetition_penalty": 1.0},
    {"temperature": 1.0, "top_k": 0, "top_p": 0.05, "repetition_penalty": 1.0},
    {"temperature": 1.0, "top_k": 1000, "top_p": 0.999, "repetition_penalty": 1.4},
    {"temperature": 0.6, "top_k": 12, "top_p": 0.7, "repetition_penalty": 1.8},
    {"temperature": 1.3, "top_k": 20, "top_p": 0.9, "repetition_penalty": 0.5},
]


def array(values: torch.Tensor) -> dict:
    data = values.detach().to(torch.float32).numpy()
    return {"shape": list(data.shape), "b64": base64.b64encode(np.ascontiguousarray(data).tobytes()).decode()}


def sampling() -> list[dict]:
    torch.manual_seed(0)
    config = GPT2Config(
        n_layer=1, n_head=2, n_embd=16, n_positions=32, vocab_size=61, bos_token_id=0, eos_token_id=None, initializer_range=0.5
    )
    model = GPT2LMHeadModel(config).eval()
    cases = []
    for number, setting in enumerate(SETTINGS):
        torch.manual_seed(number)
        ids = torch.tensor([[0, 5, 9, 5, 33, 60, 17]])
        out = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=True,
            max_new_tokens=3,
            output_logits=True,
            output_scores=True,
            return_dict_in_generate=True,
            pad_token_id=0,
            **setting,
        )
        for step, (logits, scores) in enumerate(zip(out.logits, out.scores)):
            probs = scores[0].softmax(-1)
            cases.append(
                {
                    "setting": {
                        "temperature": setting["temperature"],
                        "topK": setting["top_k"],
                        "topP": setting["top_p"],
                        "repetitionPenalty": setting["repetition_penalty"],
                    },
                    "ids": out.sequences[0, : ids.shape[1] + step].tolist(),
                    "logits": array(logits[0]),
                    "probs": array(probs),
                    "kept": int((probs > 0).sum()),
                }
            )
    return cases


CHATML = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful assistant.<|im_end|>
' }}{% endif %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

LLAMA3 = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{#- The first message may be the system's. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}"
)

LLAMA2 = """{%- set ns = namespace(system='') -%}
{%- for message in messages -%}
{%- if message.role == 'system' -%}
{%- set ns.system = '<<SYS>>\\n' ~ message.content ~ '\\n<</SYS>>\\n\\n' -%}
{%- elif message.role == 'user' -%}
{{ bos_token + '[INST] ' + ns.system + message.content.strip() + ' [/INST]' }}{% set ns.system = '' %}
{%- else -%}
{{ ' ' + message.content.strip() + ' ' + eos_token }}
{%- endif -%}
{%- endfor -%}
"""

KINDS = [
    ("qwen", CHATML, ["<|im_start|>", "<|im_end|>"]),
    ("llama3", LLAMA3, ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]),
    ("gemma", GEMMA, ["<start_of_turn>", "<end_of_turn>"]),
    ("llama2", LLAMA2, []),
]

CONVERSATIONS = [
    [("user", "Hello there, who went to the store?")],
    [("system", "Speak of cats only."), ("user", "  What did Mary see?\n")],
    [("user", "One."), ("assistant", "Two & <three>."), ("user", "And then?\n\n- a\n- b")],
    [("system", "s"), ("user", "x < y"), ("assistant", "é 🦊 {{ no }}"), ("user", "<|im_end|> </s> <end_of_turn>")],
    [("assistant", "I begin.")],
]


def chat() -> list[dict]:
    kinds = []
    for name, template, more in KINDS:
        golden = json.loads((TOKENIZERS / f"{name}.json").read_text())
        tokenizer = json.loads(json.dumps(golden["tokenizer"]))
        known = {token["content"] for token in tokenizer["added_tokens"]}
        size = 1 + max(max(tokenizer["model"]["vocab"].values()), *(token["id"] for token in tokenizer["added_tokens"]), 0)
        added = [
            {"id": size + i, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
            for i, content in enumerate(content for content in more if content not in known)
        ]
        tokenizer["added_tokens"] += added
        tokens = {key: value for key, value in golden["config"].items() if key.endswith("_token")}
        config = {key: value["content"] if isinstance(value, dict) else value for key, value in tokens.items()}
        fast = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(tokenizer)), **config)
        fast.chat_template = template
        cases = []
        for conversation in CONVERSATIONS:
            messages = [{"role": role, "content": content} for role, content in conversation]
            case = {"messages": messages}
            try:
                case["text"] = fast.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
                case["ids"] = fast.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
            except Exception as error:
                case["refused"] = str(error)
            cases.append(case)
        kinds.append({"tokenizer": name, "template": template, "added": added, "cases": cases})
    return kinds


if __name__ == "__main__":
    for path, made in ((SAMPLING, sampling()), (CHAT, chat())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n")
        print(path.relative_to(ROOT), path.stat().st_size)
