"""Our models and adapters against Hugging Face's libraries, live, in float32.

    hugging_face.py smollm2|minilm|adapter_of_ours|adapter_of_peft MODEL_FIGURES GORACS DEMO_FOLDER

smollm2, minilm: 20 prompts each from text to figures; token ids equal, figures within 1e-3 absolute, the same largest logit.
adapter_of_ours: the adapter that `goracs run` tunes on a tiny model gives peft the same logits to 1e-4, and changes them.
adapter_of_peft: the same for one that peft has tuned and we load.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "golden" / "models" / "llama_gqa"
REAL_TOLERANCE, ADAPTER_TOLERANCE = 1e-3, 1e-4
PROMPTS = 20
STEPS, RATE = 10, 1e-2  # of the tuning by peft: enough to move the logits by far more than the tolerance
WORDS = ("a quiet harbour", "the last starship", "Amélie", "Toy Story (1995)", "\"Usual Suspects, The\"", "日本の映画", "9 to 5", "naïve\n\ttabs",
         "Mission: Impossible", "🎮 games")


def texts():
    """Prompts of different lengths, some of one word, with scripts, digits and white space that tokenizers treat apart."""
    rng = np.random.default_rng(20)
    return ["Instruction: recommend what comes next.\nHistory: " + ", ".join(rng.choice(WORDS, size=1 + 2 * k)) + "\nResponse: " if k else WORDS[0]
            for k in range(PROMPTS)]


class Figures:
    """What our program says about some texts."""

    def __init__(self, program, folder, verb, *arguments):
        source, out = folder / "texts.json", folder / "figures.h5"
        source.write_text(json.dumps(texts()), encoding="utf-8")
        subprocess.run([program, verb, *arguments, source, out], check=True)
        with h5py.File(out) as file:
            self.rows = file["logits" if verb == "logits" else "embeddings"][:]
            ids, offsets = file["ids"][:], file["offsets"][:]
        self.ids = [ids[begin:end].tolist() for begin, end in zip(offsets, offsets[1:])]


def logits_of(model, ids):
    with torch.no_grad():
        return np.stack([model(input_ids=torch.tensor([row])).logits[0, -1].float().numpy() for row in ids])


def expect_close(name, found, expected, tolerance):
    difference = np.abs(found - expected).max()
    print(f"{name}: largest difference {difference:.2e} of {np.abs(expected).max():.3g}, allowed {tolerance:g}")
    if not difference <= tolerance:
        sys.exit(f"{name}: differs by {difference}")


def smollm2(figures, _, demo, folder):
    model_folder = demo / "smollm2-135m-instruct"
    ours = Figures(figures, folder, "logits", model_folder, "none")
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_folder)
    for text, ids in zip(texts(), ours.ids):
        if tokenizer(text)["input_ids"] != ids:
            sys.exit(f"{text!r}: ids {ids}, transformers has {tokenizer(text)['input_ids']}")
    expected = logits_of(transformers.AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32).eval(), ours.ids)
    expect_close("SmolLM2 logits", ours.rows, expected, REAL_TOLERANCE)
    if (ours.rows.argmax(1) != expected.argmax(1)).any():
        sys.exit("another largest logit")


def minilm(figures, _, demo, folder):
    model_folder = demo / "all-minilm-l6-v2"
    ours = Figures(figures, folder, "embeddings", model_folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_folder)
    model = transformers.AutoModel.from_pretrained(model_folder, dtype=torch.float32).eval()
    expected = []
    for text, ids in zip(texts(), ours.ids):
        encoded = tokenizer(text, truncation=True, max_length=512, return_tensors="pt")
        if encoded["input_ids"][0].tolist() != ids:
            sys.exit(f"{text!r}: ids {ids}, transformers has {encoded['input_ids'][0].tolist()}")
        with torch.no_grad():
            expected.append(model(**encoded).last_hidden_state[0].mean(0).numpy())
    expect_close("MiniLM embeddings", ours.rows, np.stack(expected), REAL_TOLERANCE)


def tiny_base():
    return transformers.AutoModelForCausalLM.from_pretrained(TINY, dtype=torch.float32).eval()


def compare_adapter(name, figures, adapter, folder):
    import peft
    ours = Figures(figures, folder, "logits", TINY, adapter)
    bare = logits_of(tiny_base(), ours.ids)
    expected = logits_of(peft.PeftModel.from_pretrained(tiny_base(), adapter).eval(), ours.ids)
    expect_close(name, ours.rows, expected, ADAPTER_TOLERANCE)
    moved = np.abs(expected - bare).max()
    print(f"the adapter moves logits by up to {moved:.2e}")
    if moved < 10 * ADAPTER_TOLERANCE:
        sys.exit("the adapter changes nothing: the comparison says nothing")


def adapter_of_ours(figures, goracs, _, folder):
    subprocess.run([goracs, "run", "--config", "configs/test_tiny.yaml", "--set", f"work_dir={folder / 'work'}", "--set", "finetune.learning_rate=1e-2"],
                   check=True, cwd=ROOT)
    adapters = [path.parent for path in sorted((folder / "work").glob("finetune-*/adapter/adapter_config.json"))]
    if len(adapters) != 1:
        sys.exit(f"{len(adapters)} adapters below {folder / 'work'}, expected 1")
    compare_adapter("logits with the adapter that goracs tuned", figures, adapters[0], folder)


def adapter_of_peft(figures, _, __, folder):
    import peft
    torch.manual_seed(0)
    config = peft.LoraConfig(r=4, lora_alpha=16, target_modules=["q_proj", "v_proj"], lora_dropout=0.0, task_type="CAUSAL_LM")
    model = peft.get_peft_model(tiny_base(), config).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=RATE)
    ids = torch.randint(3, model.config.vocab_size, (4, 32))
    for _ in range(STEPS):
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    for form in (True, False):
        adapter = folder / ("safetensors" if form else "bin")
        model.save_pretrained(adapter, safe_serialization=form)
        compare_adapter(f"logits with the adapter that peft tuned ({adapter.name})", figures, adapter, folder)


def main():
    torch.set_num_threads(2)
    transformers.logging.set_verbosity_error()
    case, figures, goracs, demo = sys.argv[1:]
    cases = {"smollm2": smollm2, "minilm": minilm, "adapter_of_ours": adapter_of_ours, "adapter_of_peft": adapter_of_peft}
    with tempfile.TemporaryDirectory() as folder:
        cases[case](figures, goracs, pathlib.Path(demo), pathlib.Path(folder))


if __name__ == "__main__":
    main()
