#!/usr/bin/env python3
"""Bad input: one clear error, the exit code of its kind, on every number of ranks, and nothing half-written."""
import json
import pathlib
import shutil
import struct
import unittest

import h5py
import numpy

from program import CTRPRE, INPUT, NUMERIC, SEQREC, SOURCE, USAGE, Work, alpaca, finished, samples_of

MODELS, ADAPTERS = SOURCE / "tests/golden/models", SOURCE / "tests/golden/adapters"


class BadInput(unittest.TestCase):
    def refused(self, code: int, parts: list[str], *settings: str, config: str = SEQREC, work: Work | None = None) -> None:
        for ranks in (1, 2):
            own = work or Work(self, config)
            found, text = own.run("run", ranks, *settings)
            self.assertEqual(found, code, text)
            for part in parts:
                self.assertIn(part, text)
            errors = [line for line in text.splitlines() if "error" in line.lower()]
            self.assertEqual(len(errors), 1, text)
            self.assertEqual(own.leftovers(), [])

    def copy_of(self, model: pathlib.Path) -> pathlib.Path:
        work = Work(self)  # for its temporary folder
        return pathlib.Path(shutil.copytree(model, work.path / model.name))

    def copy_with_nan(self, model: pathlib.Path, tensor: str) -> pathlib.Path:
        """The first number of that tensor is NaN."""
        copy = self.copy_of(model)
        weights = copy / "model.safetensors"
        content = bytearray(weights.read_bytes())
        (length,) = struct.unpack_from("<Q", content)
        begin, _ = json.loads(content[8 : 8 + length])[tensor]["data_offsets"]
        struct.pack_into("<f", content, 8 + length + begin, float("nan"))
        weights.write_bytes(content)
        return copy

    def test_a_missing_file(self) -> None:
        self.refused(USAGE, ["data.reviews", "nowhere.inter"], "data.reviews=nowhere.inter")

    def test_an_unknown_key(self) -> None:
        self.refused(USAGE, ["finetune.lerning_rate", "did you mean finetune.learning_rate"], "finetune.lerning_rate=1")

    def test_a_wrong_type(self) -> None:
        self.refused(USAGE, ["finetune.epochs"], "finetune.epochs=many")

    def test_a_truncated_safetensors_file(self) -> None:
        model = self.copy_of(MODELS / "llama_gqa")
        weights = next(model.glob("*.safetensors"))
        weights.write_bytes(weights.read_bytes()[:-100])
        self.refused(INPUT, [weights.name], f"model.path={model}")

    def test_an_adapter_of_another_model(self) -> None:
        self.refused(INPUT, ["llama_mha", "lora"], f"model.adapter={ADAPTERS / 'llama_mha'}", config=CTRPRE)

    def test_an_encoder_that_gives_nan(self) -> None:
        encoder = self.copy_with_nan(MODELS / "bert", "encoder.layer.2.output.LayerNorm.bias")
        self.refused(NUMERIC, [str(encoder), "the vector of text ", "not finite"], f"encoder.path={encoder}")

    def test_a_model_that_gives_nan(self) -> None:
        model = self.copy_with_nan(MODELS / "llama_gqa", "model.layers.0.input_layernorm.weight")
        self.refused(NUMERIC, ["title ", "not finite"], f"model.path={model}", "model.adapter=none")
        self.refused(NUMERIC, ["sample ", "nan"], f"model.path={model}", "model.adapter=none", config=CTRPRE)
        self.refused(NUMERIC, ["sample ", "not finite"], f"model.path={model}", "evaluate.adapter=none", config=CTRPRE)

    def test_a_budget_above_the_pool(self) -> None:
        self.refused(INPUT, ["budget", "100000"], "select.budget=100000")

    def test_a_budget_above_the_rows_of_a_class(self) -> None:
        self.refused(INPUT, ["budget", "class"], "select.budget=230", config=CTRPRE)

    def test_answers_that_begin_with_the_same_token(self) -> None:
        splits = samples_of(finished(self, Work(self, CTRPRE), 1, "evaluate.adapter=none").folders()["prepare"])
        for sample in (*splits["train"], *splits["valid"], *splits["test"]):
            sample["output"] = "Yes" if sample["output"] == "Yes" else "Yes not"
        self.refused(INPUT, ["'Yes'", "'Yes not'", "same token"], config=alpaca(Work(self), CTRPRE, splits))

    def test_an_artifact_that_was_damaged(self) -> None:
        work = finished(self, Work(self, CTRPRE))
        embeddings = work.folders()["embed"] / "embeddings.h5"
        with h5py.File(embeddings, "r+") as file:
            file["/train"][0, 0] = numpy.nan
        self.refused(INPUT, ["embeddings.h5"], "seed=5", "select.method=random", config=CTRPRE, work=work)


if __name__ == "__main__":
    unittest.main()
