#!/usr/bin/env python3
"""The whole chain: the same contents for any number of ranks and for a second time, nothing done twice, one adapter or another evaluated."""
import json
import shutil
import subprocess
import unittest

from program import CTRPRE, DONE, INPUT, SEQREC, SOURCE, STAGES, Work, alpaca, finished, samples_of


# 4 pool, 3 validation, 2 test samples and a coreset of 2: with 3 ranks and more some have no row of one or the other
FEW_ROWS = ("data.max_train=4", "data.max_valid=3", "data.max_test=2", "select.budget=2", "finetune.batch_size=2", "finetune.micro_batch_size=1")


class WholeRuns(unittest.TestCase):
    def expect_same_for_any_ranks(self, config: str, metrics: set[str]) -> None:
        alone = finished(self, Work(self, config))
        self.assertEqual(list(alone.hashes()), STAGES)
        self.assertLessEqual(metrics | {name + "_se" for name in metrics} | {"samples", "seconds"}, set(alone.metrics()))
        for ranks in (2, 3):
            self.assertEqual(finished(self, Work(self, config), ranks).hashes(), alone.hashes(), f"{ranks} ranks")
        self.assertEqual(finished(self, Work(self, config)).hashes(), alone.hashes(), "a second time")

        code, text = alone.run("run", 2)
        self.assertEqual(code, DONE)
        self.assertIn("nothing to do", text)
        self.assertEqual(alone.leftovers(), [])

    def expect_same_with_weights_in_slices(self, config: str) -> None:
        whole = finished(self, Work(self, config), 1, "finetune.checkpoint_layers=never").hashes()
        for ranks in (2, 3):
            code, text = (slices := Work(self, config)).run("run", ranks, "model.shard=true", "finetune.checkpoint_layers=never")
            self.assertEqual(code, DONE, text)
            self.assertIn(f"MB of base weights on this rank, slices of {ranks}", text)
            self.assertIn("each layer is computed again", text)
            self.assertEqual(slices.hashes(), whole, f"{ranks} ranks")

    def test_seqrec_is_the_same_with_weights_in_slices(self) -> None:
        self.expect_same_with_weights_in_slices(SEQREC)

    def test_ctrpre_is_the_same_with_weights_in_slices(self) -> None:
        self.expect_same_with_weights_in_slices(CTRPRE)

    def test_seqrec_is_the_same_for_1_2_and_3_ranks(self) -> None:
        self.expect_same_for_any_ranks(SEQREC, {"HR@5", "HR@10", "NDCG@5", "NDCG@10"})

    def test_ctrpre_is_the_same_for_1_2_and_3_ranks(self) -> None:
        self.expect_same_for_any_ranks(CTRPRE, {"AUC", "logloss"})

    def expect_same_data(self, one: Work, other: Work, what: str) -> int:
        """Of h5diff: every data set of every file; the attributes of a root say when, where and by how many ranks it was written."""
        files = sorted(path.relative_to(one.path) for path in one.path.rglob("*.h5"))
        for file in files:
            done = subprocess.run(["h5diff", "--exclude-attribute", "/", "--exclude-path", "/trace/seconds", one.path / file, other.path / file],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, f"{what}: {file}: {done.stdout}{done.stderr}")
        return len(files)

    def test_all_files_are_the_same_where_ranks_have_no_row(self) -> None:
        for config, many in ((CTRPRE, (2, 3, 4, 5)), (SEQREC, (5,))):
            alone = finished(self, Work(self, config), 1, *FEW_ROWS)
            for ranks in many:
                other = finished(self, Work(self, config), ranks, *FEW_ROWS)
                self.assertEqual(other.hashes(), alone.hashes(), f"{ranks} ranks")
                self.assertGreaterEqual(self.expect_same_data(alone, other, f"{ranks} ranks"), len(STAGES))

    def test_random_coresets_share_all_stages_before_select(self) -> None:
        work = finished(self, Work(self, CTRPRE))
        first = work.hashes()
        work.name = "random"
        finished(self, work, 1, "select.method=random", "seed=3")
        self.assertEqual({stage: first[stage] for stage in STAGES[:3]}, {stage: work.hashes()[stage] for stage in STAGES[:3]})
        for stage in STAGES[3:]:
            self.assertNotEqual(first[stage], work.hashes()[stage])

    def test_layers_computed_again_in_the_backward_pass_tune_the_same_adapter(self) -> None:
        kept = finished(self, Work(self, SEQREC), 1, "finetune.checkpoint_layers=never")
        code, text = (again := Work(self, SEQREC)).run("run", 2, "finetune.checkpoint_layers=always")
        self.assertEqual(code, DONE, text)
        self.assertIn("each layer is computed again", text)
        self.assertEqual(again.hashes(), kept.hashes())

    def test_a_bare_model_needs_no_selection(self) -> None:
        ctrpre = finished(self, Work(self, CTRPRE), 2, "evaluate.adapter=none")
        self.assertEqual(list(ctrpre.hashes()), ["prepare", "evaluate"])
        seqrec = finished(self, Work(self, SEQREC), 2, "evaluate.adapter=none")
        self.assertEqual(list(seqrec.hashes()), ["prepare", "embed", "evaluate"])
        self.assertIn("popularity", seqrec.metrics())

    def test_the_starting_adapter_and_its_path_measure_the_same(self) -> None:
        start = finished(self, Work(self, CTRPRE), 1, "evaluate.adapter=start")
        path = finished(self, Work(self, CTRPRE), 2, "evaluate.adapter=tests/golden/adapters/llama_gqa")
        none = finished(self, Work(self, CTRPRE), 1, "evaluate.adapter=none")
        self.assertEqual(start.metrics()["logloss"], path.metrics()["logloss"])
        self.assertNotEqual(start.metrics()["logloss"], none.metrics()["logloss"])

    def test_a_tuned_adapter_can_be_evaluated_by_its_path(self) -> None:
        tuned = finished(self, Work(self, CTRPRE))
        path = finished(self, Work(self, CTRPRE), 1, f"evaluate.adapter={tuned.folders()['finetune'] / 'adapter'}")
        self.assertEqual(tuned.metrics()["logloss"], path.metrics()["logloss"])

    def test_an_adapter_that_changes_nothing_is_refused(self) -> None:
        work = Work(self, CTRPRE)
        adapter = shutil.copytree(SOURCE / "tests/golden/adapters/llama_gqa", work.path / "zero")
        weights = adapter / "adapter_model.safetensors"
        content = bytearray(weights.read_bytes())
        tensors = 8 + int.from_bytes(content[:8], "little")
        for name, about in json.loads(content[8:tensors]).items():
            if "lora_B" in name:
                begin, end = about["data_offsets"]
                content[tensors + begin:tensors + end] = bytes(end - begin)
        weights.write_bytes(content)
        code, text = work.run("run", 2, f"evaluate.adapter={adapter}")
        self.assertEqual(code, INPUT, text)
        self.assertIn("all its B are zero", text)

    def test_one_stage_says_what_it_lacks_and_computes_it_when_asked(self) -> None:
        work = Work(self, CTRPRE)
        code, text = work.run("grads")
        self.assertEqual(code, INPUT, text)
        self.assertIn("goracs prepare", text)
        code, text = work.run("grads", 2, options=("--with-inputs",))
        self.assertEqual(code, DONE, text)
        self.assertEqual(sorted(work.folders()), ["grads", "prepare"])
        code, text = work.run("prepare")
        self.assertEqual(code, DONE, text)

    def test_a_test_set_of_one_class_has_no_auc(self) -> None:
        splits = samples_of(finished(self, Work(self, CTRPRE), 1, "evaluate.adapter=none").folders()["prepare"])
        splits["test"] = [sample for sample in splits["test"] if sample["output"] == "Yes"]
        self.assertTrue(splits["test"])
        work = Work(self)
        work.config = alpaca(work, CTRPRE, splits)
        code, text = work.run("run", 2, "evaluate.adapter=none")
        self.assertEqual(code, DONE, text)
        self.assertIn("of one class", text)
        self.assertIsNone(work.metrics()["AUC"])
        self.assertGreater(work.metrics()["logloss"], 0)


if __name__ == "__main__":
    unittest.main()
