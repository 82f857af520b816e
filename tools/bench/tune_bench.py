"""Gradient norms, LoRA step and beam search against Hugging Face and peft on the same ids, threads and dtype; one JSON object a line.

    tune_bench.py BENCH_TUNE --model FOLDER --ratings FOLDER [--threads 2] [--dtype float32] [--only norms,step,beam]

MovieLens-100k prompts in the form of SPEC 1 and 2 (ten titles of history). Peers in eager mode; the LoRA step is the best of three, long runs are timed once. The values both sides compute are
compared, so that both do the same work.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time
from typing import NamedTuple

import h5py
import numpy as np
import torch
import torch.nn.functional as F
import transformers
from peft import LoraConfig, PeftModel, get_peft_model

PREAMBLE = ("Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately "
            "completes the request.\n\n### Instruction:\n{}\n\n### Input:\n{}\n\n### Response:\n{}")
NEXT = "Given a list of movies ad TVs the user has watched before, please recommend the title of a new movie or TV that the user will like to watch in the following time."
LIKE = 'Given the user\'s preference and unpreference, identify whether the user will like the target movie by answering "Yes" or "No".'
BATCH_TOKENS, REPEATS = 4096, 3


def ratings(folder):
    with open(os.path.join(folder, "ml-100k.item"), encoding="utf-8") as f:
        next(f)
        titles = {row[0]: row[1] for row in (line.rstrip("\n").split("\t") for line in f)}
    users = {}
    with open(os.path.join(folder, "ml-100k.inter")) as f:
        next(f)
        for line in f:
            user, item, rating, when = line.split("\t")
            users.setdefault(user, []).append((float(when), titles[item], float(rating)))
    for user in sorted(users, key=int):
        rows = sorted(users[user], key=lambda row: row[0])
        for i in range(10, len(rows), 29):
            yield rows[i - 10:i], rows[i]


def quoted(rows):
    return ", ".join(f'"{title}"' for _, title, _ in rows)


def seqrec(history, target):
    return PREAMBLE.format(NEXT, "The user has watched the following movies and TVs before:" + quoted(history) + "\n ", ""), f'"{target[1]}"'


def ctrpre(history, target):
    liked, other = [r for r in history if r[2] > 3], [r for r in history if r[2] <= 3]
    text = f'User Preference: {quoted(liked)}\nUser Unpreference: {quoted(other)}\nWhether the user will like the target movie titled "{target[1]}"?'
    return PREAMBLE.format(LIKE, text, ""), "Yes" if target[2] > 3 else "No"


def length_batches(lengths):
    batches, columns = [], 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not batches or (len(batches[-1]) + 1) * columns > BATCH_TOKENS:
            batches.append([])
            columns = lengths[i]
        batches[-1].append(i)
    return batches


def padded(rows, fill):
    width = max(map(len, rows))
    x = torch.full((len(rows), width), fill)
    for row, ids in zip(x, rows):
        row[width - len(ids):] = torch.tensor(ids)
    return x


class Seconds(NamedTuple):
    """By the clock on the wall, and of all threads together: the latter still means something on a busy machine."""
    wall: float
    cpu: float


def timed(work):
    start = Seconds(time.perf_counter(), time.process_time())
    value = work()
    return Seconds(time.perf_counter() - start.wall, time.process_time() - start.cpu), value


def best_of(work):
    runs = [timed(work) for _ in range(REPEATS)]
    return Seconds(min(run[0].wall for run in runs), min(run[0].cpu for run in runs)), runs[-1][1]


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        torch.set_num_threads(options.threads)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
        self.eos = self.tokenizer.eos_token_id
        self.samples = list(ratings(options.ratings))
        torch.manual_seed(0)
        start = get_peft_model(self.base(), LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], lora_dropout=0.05))
        with torch.no_grad():  # an untuned adapter has B = 0
            for name, p in start.named_parameters():
                if "lora_B" in name:
                    p.normal_(0, 0.02)
        self.adapter = os.path.join(folder, "adapter")
        start.save_pretrained(self.adapter)

    def base(self):
        return transformers.AutoModelForCausalLM.from_pretrained(self.options.model, dtype=getattr(torch, self.options.dtype))

    def tuned(self, trainable=False):
        return PeftModel.from_pretrained(self.base(), self.adapter, is_trainable=trainable)

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)

    def ours(self, what, ids, **data):
        path = os.path.join(self.folder, "samples.h5")
        attributes = {k: data.pop(k) for k in list(data) if np.isscalar(data[k])}
        with h5py.File(path, "w") as f:
            f["ids"], f["offsets"] = np.concatenate(ids).astype(np.int64), np.cumsum([0] + [len(row) for row in ids])
            for name, values in data.items():
                f[name] = np.asarray(values, np.int64)
            f.attrs["batch_tokens"] = float(BATCH_TOKENS)
            for name, value in attributes.items():
                f.attrs[name] = float(value)
        run = subprocess.run([self.options.program, what, path, self.options.model, self.adapter, str(self.options.threads), self.options.dtype],
                             capture_output=True, text=True, check=True, env=dict(os.environ, OMP_WAIT_POLICY="passive"))
        wall, cpu, value = map(float, run.stdout.split())
        return Seconds(wall, cpu), value

    def row(self, name, ours, peer, peer_name, ours_value=None, peer_value=None):
        row = dict(name=name, ours=round(ours.wall, 4), peer=round(peer.wall, 4), peer_name=peer_name, unit="s", ratio=round(peer.wall / ours.wall, 3),
                   ratio_of_cpu_seconds=round(peer.cpu / ours.cpu, 3))
        if ours_value is not None:
            row.update(ours_value=ours_value, peer_value=peer_value)
        print(json.dumps(row), flush=True)

    def norms(self, task):
        ids, position, gold, classes = [], [], [], []
        for history, target in self.samples[:self.options.samples]:
            prompt, answer = (seqrec if task == "seqrec" else ctrpre)(history, target)
            front, whole = self.encode(prompt), self.encode(prompt + answer)
            ids.append(whole + [self.eos])
            position.append(len(front) - 1)
            gold.append(0 if answer == "Yes" else 1)
        model = self.tuned(trainable=True).eval()
        last = model.config.num_hidden_layers - 1
        parameter = dict(model.named_parameters())[f"base_model.model.model.layers.{last}.self_attn.v_proj.lora_B.default.weight"]
        if task == "ctrpre":
            classes = [self.encode(PREAMBLE.format("", "", word))[-1] for word in ("Yes", "No")]

        def one_by_one():
            total = 0.0
            for i, row in enumerate(ids):
                x = torch.tensor([row])
                logits = model(input_ids=x, attention_mask=torch.ones_like(x)).logits[0].float()
                if task == "seqrec":
                    losses = F.cross_entropy(logits[:-1], x[0, 1:], reduction="none")
                    loss = losses.sum() / (losses.detach() > 0).sum()
                else:
                    loss = F.cross_entropy(logits[position[i], classes][None], torch.tensor([gold[i]]))
                model.zero_grad()
                loss.backward()
                total += parameter.grad.double().norm().item()
            return total

        def plain_forward():
            with torch.no_grad():
                for batch in length_batches([len(row) for row in ids]):
                    x = padded([ids[i] for i in batch], self.eos)
                    mask = padded([[1] * len(ids[i]) for i in batch], 0)
                    model(input_ids=x, attention_mask=mask).logits
        extra = dict(answer_position=position, class_index=gold, class_tokens=classes) if task == "ctrpre" else {}
        ours, value = self.ours("norms", ids, **extra)
        seconds, peer_value = timed(one_by_one)
        self.row(f"gradient_norms_{task}_{self.options.samples}", ours, seconds, "one backward per sample, transformers + peft", value, peer_value)
        self.row(f"gradient_norms_{task}_{self.options.samples}_against_forward", ours, timed(plain_forward)[0], "one plain forward of the same batches, transformers + peft")

    def step(self):
        ids, k = [], 0
        stream = []
        while len(ids) < 4:
            stream += self.encode("".join(seqrec(*self.samples[k])))
            k += 1
            if len(stream) >= 256:
                ids.append(stream[:256])
                stream = []
        model = self.tuned(trainable=True).train()
        parameters = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.0)
        x = torch.tensor(ids)

        def peer():
            optimizer.zero_grad()
            logits = model(input_ids=x, attention_mask=torch.ones_like(x)).logits.float()
            loss = F.cross_entropy(logits[:, :-1].transpose(1, 2), x[:, 1:])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            return loss.item()
        ours, value = self.ours("step", ids)
        seconds, peer_value = best_of(peer)
        self.row("lora_step_4x256", ours, seconds, "transformers + peft, eager, dropout 0.05", value, peer_value)

    def beam(self):
        ids = [self.encode(seqrec(*sample)[0]) for sample in self.samples[100:132]]
        model = self.tuned().eval()
        x, mask = padded(ids, self.eos), padded([[1] * len(row) for row in ids], 0)

        def peer():
            with torch.no_grad():
                out = model.generate(input_ids=x, attention_mask=mask, num_beams=2, max_new_tokens=32, do_sample=False, length_penalty=1.0,
                                     early_stopping=False, return_dict_in_generate=True, output_scores=True, pad_token_id=self.eos)
            return out.sequences_scores.sum().item()
        ours, value = self.ours("beam", ids, max_new_tokens=32)
        seconds, peer_value = timed(peer)
        self.row("beam_search_32_prompts_2_beams_32_tokens", ours, seconds, "transformers generate", value, peer_value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--model", required=True)
    parser.add_argument("--ratings", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--samples", type=int, default=256, help="of the gradient norms")
    parser.add_argument("--only", default="norms,step,beam")
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        only = options.only.split(",")
        if "norms" in only:
            bench.norms("seqrec")
            bench.norms("ctrpre")
        if "step" in only:
            bench.step()
        if "beam" in only:
            bench.beam()


if __name__ == "__main__":
    main()
