#!/usr/bin/env python3
"""Stopped or killed anywhere, a run goes on from there and ends with the contents of one that nobody disturbed."""
import signal
import subprocess
import unittest
from collections.abc import Callable

from program import CTRPRE, DONE, SEQREC, STAGES, STOPPED, Work, finished

# many short steps, and a state after each
SMALL_STEPS = ("grads.batch_tokens=400", "encoder.batch_tokens=300", "evaluate.batch_tokens=600", "run.checkpoint_seconds=0")
LOOPS = STAGES[1:]  # prepare has no state to save


class Stops(unittest.TestCase):
    def expect_goes_on(self, work: Work, undisturbed: Work, ranks: int) -> None:
        code, text = work.run("run", ranks, *SMALL_STEPS)
        self.assertEqual(code, DONE, text)
        self.assertEqual(work.hashes(), undisturbed.hashes())
        self.assertFalse((work.run_folder / "RESUMABLE").exists())
        self.assertEqual(work.leftovers(), [])

    def disturbed(self, work: Work, ranks: int, stage: str, disturb: Callable[[subprocess.Popen], None],
                  *settings: str) -> tuple[int, str]:
        """A run that is disturbed once this stage has begun."""
        said = ""
        with work.start("run", ranks, *SMALL_STEPS, *settings) as process:
            for line in process.stdout:
                said += line
                if f"{stage}: begins" in line:
                    disturb(process)
        return process.returncode, said

    def test_a_signal_in_any_stage_stops_the_run_resumably(self) -> None:
        for config in (SEQREC, CTRPRE):
            undisturbed = finished(self, Work(self, config), 1, *SMALL_STEPS)
            work = Work(self, config)
            for ranks, stage in zip((1, 2, 2, 3, 2, 1), STAGES):
                with self.subTest(config=config, stage=stage):
                    code, said = self.disturbed(work, ranks, stage, lambda process: process.send_signal(signal.SIGUSR2))
                    self.assertEqual(code, STOPPED, said)
                    stopped_in, standing, reason = (work.run_folder / "RESUMABLE").read_text().splitlines()
                    self.assertEqual(reason, "by signal USR2")
                    self.assertGreaterEqual(STAGES.index(stopped_in.removeprefix("stage ")), STAGES.index(stage), standing)
            self.expect_goes_on(work, undisturbed, 2)

    def test_weights_in_slices_stop_and_die_and_go_on_alike(self) -> None:
        undisturbed = finished(self, Work(self, CTRPRE), 1, *SMALL_STEPS)
        work = Work(self, CTRPRE)
        for stage in ("grads", "finetune"):
            code, said = work.run("run", 3, *SMALL_STEPS, "model.shard=true", GORACS_CRASH_AT=f"{stage}.step:2")
            self.assertNotIn(code, (DONE, STOPPED), said)
            code, said = self.disturbed(work, 2, stage, lambda process: process.send_signal(signal.SIGUSR2), "model.shard=true")
            self.assertEqual(code, STOPPED, said)
        self.expect_goes_on(work, undisturbed, 2)

    def test_a_file_stops_the_run_and_is_gone(self) -> None:
        undisturbed = finished(self, Work(self, CTRPRE), 1, *SMALL_STEPS)
        work = Work(self, CTRPRE)
        for ranks, stage in zip((2, 1, 3), ("embed", "grads", "finetune")):
            code, said = self.disturbed(work, ranks, stage, lambda _: (work.run_folder / "STOP").touch())
            # a file is looked for once a second: what is shorter may be at its end by then
            self.assertIn(code, (STOPPED, DONE), said)
            if code == STOPPED:
                self.assertFalse((work.run_folder / "STOP").exists())
                self.assertTrue((work.run_folder / "RESUMABLE").exists())
        (work.run_folder / "STOP").unlink(missing_ok=True)
        self.expect_goes_on(work, undisturbed, 2)

    def test_a_file_that_is_there_from_the_start_stops_before_anything_is_computed(self) -> None:
        work = Work(self, CTRPRE)
        work.run_folder.mkdir(parents=True)
        (work.run_folder / "STOP").touch()
        code, text = work.run("run", 2)
        self.assertEqual(code, STOPPED, text)
        self.assertEqual((work.run_folder / "RESUMABLE").read_text(), "stage prepare\nbegin\nby file STOP\n")
        self.assertEqual(work.folders(), {})
        self.assertEqual(work.run("run", 2)[0], DONE)

    def test_killed_at_any_step_of_any_stage_it_goes_on_behind_the_last_saved_state(self) -> None:
        for config in (SEQREC, CTRPRE):
            undisturbed = finished(self, Work(self, config), 1, *SMALL_STEPS)
            work, deaths = Work(self, config), 0
            for ranks, stage in zip((1, 2, 3, 2, 1), LOOPS):
                for step in (2, 3):
                    code, text = work.run("run", ranks, *SMALL_STEPS, GORACS_CRASH_AT=f"{stage}.step:{step}")
                    deaths += 0 if code == DONE else 1
                    self.assertFalse(code == STOPPED, text)
            self.assertGreaterEqual(deaths, len(LOOPS), "the program was not killed where it was to be")
            self.expect_goes_on(work, undisturbed, 2)

    def test_as_many_states_of_finetuning_are_kept_as_the_config_says(self) -> None:
        settings = (*SMALL_STEPS, "finetune.epochs=4")
        undisturbed = finished(self, Work(self, CTRPRE), 1, *settings)
        for keep in (2, 3):
            work = Work(self, CTRPRE)
            code, text = work.run("run", 1, *settings, f"finetune.keep={keep}", GORACS_CRASH_AT="finetune.step:5")
            self.assertNotEqual(code, DONE, text)
            states = sorted(work.path.glob("finetune-*/checkpoints/finetune.h5.*"))
            self.assertEqual(len(states), keep)
            for state in states[1:]:
                state.write_bytes(state.read_bytes()[:-1])
            code, text = work.run("run", 1, *settings, f"finetune.keep={keep}")
            self.assertEqual(code, DONE, text)
            self.assertEqual(text.count("going back to the state before it"), keep - 1)
            self.assertIn(f"finetune: goes on behind {5 - keep + 1} of", text)
            self.assertEqual(work.hashes(), undisturbed.hashes())


if __name__ == "__main__":
    unittest.main()
