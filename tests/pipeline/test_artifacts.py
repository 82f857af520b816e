#!/usr/bin/env python3
"""What a run leaves behind, read by h5py and json: every dataset and attribute of the published table, of its type and shape."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import h5py
import numpy

from program import CTRPRE, INPUT, PROGRAM, SEQREC, STAGES, Work, finished

PROVENANCE = """creator creator_version file_time git_commit git_dirty goracs_schema stage command config_yaml config_sha256 seed world_size hosts
slurm_job inputs template_sha256 tokenizer_sha256 model_sha256 library_versions content_sha256""".split()
TEXT = "text"


class Artifacts(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        case = cls("test_hdf5_files_say_where_they_come_from")
        cls.seqrec, cls.ctrpre = finished(case, Work(case, SEQREC), 2), finished(case, Work(case, CTRPRE), 2)
        cls.addClassCleanup(case.doCleanups)

    def open(self, work: Work, stage: str, name: str) -> h5py.File:
        file = h5py.File(work.folders()[stage] / name)
        self.addCleanup(file.close)
        return file

    def expect(self, file: h5py.File, name: str, kind: object, shape: tuple[int | None, ...]) -> None:
        dataset = file[name]
        if kind is TEXT:
            info = h5py.check_string_dtype(dataset.dtype)
            self.assertEqual((info.encoding, info.length), ("utf-8", None), name)
        else:
            self.assertEqual(dataset.dtype, numpy.dtype(kind), name)
        self.assertEqual(len(dataset.shape), len(shape), name)
        for found, expected in zip(dataset.shape, shape):
            self.assertIn(expected, (found, None), name)

    def test_hdf5_files_say_where_they_come_from(self) -> None:
        for work in (self.seqrec, self.ctrpre):
            for stage, folder in work.folders().items():
                manifest = json.loads((folder / "MANIFEST.json").read_text())
                self.assertTrue(manifest)
                for path in folder.rglob("*.h5"):
                    with h5py.File(path) as file:
                        self.assertLessEqual(set(PROVENANCE), set(file.attrs), path.name)
                        self.assertEqual(file.attrs["stage"], stage)
                        self.assertEqual(file.attrs["world_size"], 2)
                        self.assertEqual(len(file.attrs["content_sha256"]), 64)
                        for name in ("config_yaml", "hosts", "inputs"):
                            self.assertIsInstance(file.attrs[name], str, name)
                        if stage != "prepare":
                            for name in ("template_sha256", "tokenizer_sha256", "model_sha256"):
                                self.assertEqual(len(file.attrs[name]), 64, f"{path.name} {name}")

    def test_samples(self) -> None:
        for work in (self.seqrec, self.ctrpre):
            file = self.open(work, "prepare", "samples.h5")
            for split in ("train", "valid", "test"):
                rows = file[f"/{split}/input"].shape
                for name in ("instruction", "input", "output", "user"):
                    self.expect(file, f"/{split}/{name}", TEXT, rows)
                self.expect(file, f"/{split}/label", "int32", rows)
                samples = json.loads((work.folders()["prepare"] / f"{split}.json").read_text())
                self.assertEqual([sample["output"] for sample in samples], [text.decode() for text in file[f"/{split}/output"][()]])
        seqrec, ctrpre = self.open(self.seqrec, "prepare", "samples.h5"), self.open(self.ctrpre, "prepare", "samples.h5")
        self.expect(seqrec, "/items/title", TEXT, (None,))
        self.expect(seqrec, "/items/id", "int64", seqrec["/items/title"].shape)
        self.expect(seqrec, "/test/negatives", "int64", (seqrec["/test/input"].shape[0], 99))
        self.assertEqual(set(seqrec["/train/label"][()]), {-1})
        self.assertEqual(set(ctrpre["/train/label"][()]), {0, 1})

    def test_embeddings_items_and_norms(self) -> None:
        for work in (self.seqrec, self.ctrpre):
            samples, embeddings = self.open(work, "prepare", "samples.h5"), self.open(work, "embed", "embeddings.h5")
            for split in ("train", "valid"):
                self.expect(embeddings, f"/{split}", "float32", (samples[f"/{split}/input"].shape[0], None))
            norms = self.open(work, "grads", "gradient_norms.h5")
            for name in ("/gradient_norm", "/loss"):
                self.expect(norms, name, "float64", samples["/train/input"].shape)
            self.assertGreater(norms["/gradient_norm"][()].min(), 0)
        items = self.open(self.seqrec, "embed", "items.h5")
        self.expect(items, "/items", "float32", (*self.open(self.seqrec, "prepare", "samples.h5")["/items/title"].shape, None))
        self.assertFalse((self.ctrpre.folders()["embed"] / "items.h5").exists())

    def test_coresets(self) -> None:
        for work, classes in ((self.seqrec, 1), (self.ctrpre, 2)):
            file = self.open(work, "select", "coreset.h5")
            self.expect(file, "/indices", "int64", (16,))
            indices = file["/indices"][()]
            self.assertTrue((numpy.diff(indices) > 0).all())
            self.expect(file, "/greedy_indices", "int64", (16,))
            exchanges = file["/trace/poo_score"].shape
            for name, kind in (("poo_score", "float64"), ("seconds", "float64"), ("removed", "int64"), ("added", "int64")):
                self.expect(file, f"/trace/{name}", kind, exchanges)
            self.expect(file, "/class/budget", "int64", (classes,))
            for name in ("poo_score", "lower_bound", "gap"):
                self.expect(file, f"/class/{name}", "float64", (classes,))
            self.assertEqual(file["/class/budget"][()].sum(), 16)
            for name in ("poo_score", "greedy_poo_score", "lower_bound", "gap", "gap_absolute", "seconds_distance", "seconds_greedy",
                         "seconds_refine"):
                self.assertIsInstance(file.attrs[name], numpy.floating, name)
            self.assertIsInstance(file.attrs["transport_solves"], numpy.integer)
            self.assertIsInstance(file.attrs["stop_reason"], str)
            self.assertLessEqual(file.attrs["lower_bound"], file.attrs["poo_score"])
            self.assertLessEqual(file.attrs["poo_score"], file.attrs["greedy_poo_score"])
            samples = json.loads((work.folders()["select"] / "coreset.json").read_text())
            pool = self.open(work, "prepare", "samples.h5")["/train/input"][()]
            self.assertEqual([sample["input"] for sample in samples], [pool[i].decode() for i in indices])

    def test_adapter_history_metrics_and_predictions(self) -> None:
        for work in (self.seqrec, self.ctrpre):
            adapter = work.folders()["finetune"] / "adapter"
            self.assertEqual(json.loads((adapter / "adapter_config.json").read_text())["peft_type"], "LORA")
            self.assertTrue((adapter / "adapter_model.safetensors").exists())
            history = self.open(work, "finetune", "history.h5")
            self.expect(history, "/train_loss", "float64", (4,))  # 16 samples, batch 8, 2 epochs
            for name in ("/learning_rate", "/grad_norm"):
                self.expect(history, name, "float64", (4,))
            self.assertEqual(list(history["/valid_step"][()]), [0, 2, 4])
            self.expect(history, "/valid_loss", "float64", (3,))
            metrics = work.metrics()
            self.assertEqual(metrics["samples"], 6)
            self.assertGreater(metrics["seconds"], 0)
            self.assertTrue((work.folders()["evaluate"] / "predictions.h5").exists())
        self.assertEqual({"HR@5", "HR@5_se", "NDCG@10"} - set(self.seqrec.metrics()["popularity"]), set())

    def test_a_damaged_byte_is_found_by_whoever_reads_a_file_by_its_name(self) -> None:
        copies = pathlib.Path(tempfile.mkdtemp(prefix="goracs-"))
        self.addCleanup(shutil.rmtree, copies)
        for stage, name in (("select", "coreset.h5"), ("select", "coreset.json"), ("finetune", "history.h5"), ("finetune", "adapter/adapter_config.json")):
            whole = self.ctrpre.folders()[stage]
            folder = shutil.copytree(whole, copies / name.replace("/", "-"))
            content = bytearray((folder / name).read_bytes())
            content[len(content) // 2] ^= 1
            (folder / name).write_bytes(content)
            readings = [["show", folder], ["show", folder / name], ["diff", whole, folder], ["diff", folder / name, whole / name]]
            if name.endswith(".h5"):
                readings.append(["plot", folder / name, "--out", copies / "figure.svg"])
            for words in readings:
                found = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, check=False)
                self.assertEqual(found.returncode, INPUT, f"{words}: {found.stdout}{found.stderr}")
                self.assertIn(f"{folder / name}: damaged", found.stderr, words)

    def test_the_run_folder(self) -> None:
        for work in (self.seqrec, self.ctrpre):
            summary = json.loads((work.run_folder / "summary.json").read_text())
            self.assertEqual(list(summary["stages"]), STAGES)
            for about in summary["stages"].values():
                self.assertGreater(about["seconds"], 0)
            self.assertGreater(summary["selection_to_finetuning"], 0)
            self.assertEqual(summary["metrics"], work.metrics())
            self.assertIn("# default", (work.run_folder / "config.yaml").read_text())
            self.assertIn("evaluate: done", (work.run_folder / "log.txt").read_text())


if __name__ == "__main__":
    unittest.main()
