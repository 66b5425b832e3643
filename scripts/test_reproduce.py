"""python3 -m unittest discover scripts"""
import json
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from unittest import mock

import experiment_plan
import reproduce
from experiment_plan import DATA, SEEDS, Arm, DataSet, Fault
from reproduce import Job, Maker, Processes

RECIPE = """\
# A recipe.
seed: 0                     # any

objective:
  lambda: 0.6               # paper
  ramp_epochs: 1

training:
  epochs: 8   # short
"""

# Stands for invp: trains in two sittings, or diverges, or fails, as the arm's settings say.
INVP = """\
import json, pathlib, struct, sys
words = sys.argv[1:]
settings = dict(word.split("=", 1) for word in words if "=" in word)
with open(pathlib.Path(__file__).with_name("calls"), "a") as calls:
    print(" ".join(words[:2]), settings.get("seed", ""), file=calls)
if words[0] == "eval":
    run, name = pathlib.Path(words[2]), words[1]
    scores = [{"what": what, "metric": "recall@1" if name == "retrieval" else "top1", "value": 0.5}
              for what in ("embedding", "backbone")]
    (run / "eval").mkdir(exist_ok=True)
    (run / "eval" / f"{name}.json").write_text(json.dumps({"scores": scores}))
    sys.exit()
run = pathlib.Path(words[words.index("--run-dir") + 1])
assert "--resume" in words
run.mkdir(parents=True, exist_ok=True)
if settings["objective.lambda"] == "9":
    sys.exit("invp: training has diverged in epoch 1")
if settings["objective.lambda"] == "8":
    sys.exit("invp: the disk is full")
if settings["objective.lambda"] == "7" and not (run / "checkpoint.safetensors").exists():
    (run / "checkpoint.safetensors").write_text("half")
    sys.exit("invp: killed")
header = json.dumps({"__metadata__": {"environment.cpu_capability": "AVX2"}}).encode()
(run / "checkpoint.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
epochs = [{"epoch": n, "loss": 9 - n, "seconds": 2, "graph_seconds": 1, "embedding_knn": n / 10} for n in (1, 2)]
lines = [{"epoch": 1, "step": 1}, *epochs, {"final": True, "embedding_knn_by_k": {"1": 0.7, "200": 0.8}}]
(run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\\n" for line in lines))
(run / "weights.safetensors").write_text(settings["seed"] + settings.get("more", ""))
"""


def tiny(folder):
    """A data set whose recipe lies in a folder."""
    (folder / "tiny.yaml").write_text(RECIPE)
    arms = {"plain": Arm("plain"), "zero": Arm("zero", {"objective.lambda": "0"}, seeds=2),
            "diverges": Arm("diverges", {"objective.lambda": "9"}), "fails": Arm("fails", {"objective.lambda": "8"}),
            "breaks": Arm("breaks", {"objective.lambda": "7"})}
    return DataSet("Tiny", str(folder / "tiny.yaml"), arms, {"objective.lambda": "0.6"})


class Plan(unittest.TestCase):
    def all_arms(self):
        return [(name, arm) for name, data in DATA.items() for arm in data.arms]

    def test_the_loss_starts_after_three_eighths_of_the_epochs_in_every_arm(self):
        for data, arm in self.all_arms():
            settings = DATA[data].effective(arm, SEEDS[0])
            expected = int(settings["training.epochs"]) * 3 // 8
            self.assertEqual(str(expected), settings["objective.ramp_epochs"], f"{data}/{arm}")

    def test_every_run_has_its_seed_one_thread_and_is_judged_alike(self):
        for data, arm in self.all_arms():
            settings = DATA[data].effective(arm, 1003)
            for key, value in {"seed": "1003", "training.threads": "1", "data.workers": "1", "evaluation.k": "200",
                               "evaluation.split": "test", "evaluation.also_k": "[1, 5, 20]"}.items():
                self.assertEqual(value, settings[key], f"{data}/{arm}")

    def test_an_arm_differs_from_the_paper_s_in_what_its_name_says_and_nothing_else(self):
        def differences(arm):
            paper, other = (DATA["fashion-mnist"].effective(name, 1000) for name in ("hard-paper", arm))
            return {key: other[key] for key in other if other[key] != paper.get(key)}

        self.assertEqual({"objective.lambda": "0"}, differences("lambda-0"))
        self.assertEqual({"objective.selection": "easy"}, differences("easy"))
        self.assertEqual({"training.graph": "pixels", "objective.neighbours": "20", "objective.steps": "1"},
                         differences("walk"))
        self.assertEqual({"objective.mode": "official"}, differences("hard-official"))
        self.assertEqual({"training.graph": "lazy", "training.bank_refresh": "never"},
                         {key: value for key, value in differences("hard-lazy").items() if key != "objective.bank_start"})
        self.assertEqual({"oracle": "one-in-ten"}, differences("oracle-one-in-ten"))

    def test_seeds_are_none_of_the_demo_s_and_the_trials(self):
        self.assertGreaterEqual(min(SEEDS), 1000)
        self.assertEqual(6, len(SEEDS))

    def test_every_contrast_is_of_arms_that_there_are(self):
        for data, pairs in experiment_plan.PRIMARY.items():
            for pair in pairs:
                self.assertLessEqual(set(pair), set(DATA[data].arms))


class Tiny(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.results = self.folder / "results"
        (self.folder / "invp.py").write_text(INVP)
        for patch in (mock.patch.dict(DATA, {"tiny": tiny(self.folder)}, clear=True),
                      mock.patch.dict(os.environ, {"INVP": f"{sys.executable} {self.folder / 'invp.py'}"})):
            patch.start()
            self.addCleanup(patch.stop)

    def jobs(self, *arms, seeds=(1000, 1001, 1002)):
        return reproduce.jobs(["tiny"], arms, seeds)

    def make(self, *arms, again=False, **more):
        """Makes runs as the program does; how many failed, and what it said."""
        said = StringIO()
        todo, done = reproduce.sort_out(self.jobs(*arms, **more), self.results)
        maker = Maker({"tiny": str(self.folder)}, self.folder / "runs", sys.executable, Processes())
        for job in todo + done:
            maker.note_origin(job)
        with redirect_stderr(said):
            return reproduce.make_all(maker, done if again else todo, self.results, again), said.getvalue()

    def calls(self):
        path = self.folder / "calls"
        calls = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return calls

    def result(self, arm, seed=1000):
        return json.loads((self.results / "tiny" / arm / f"seed-{seed}.json").read_text())

    def test_seeds_are_outermost_and_an_arm_has_only_its_own(self):
        self.assertEqual(["tiny/plain/seed-1000", "tiny/zero/seed-1000", "tiny/plain/seed-1001", "tiny/zero/seed-1001",
                          "tiny/plain/seed-1002"], [job.name for job in self.jobs("plain", "zero")])

    def test_the_digest_is_of_settings_not_of_comments_or_places(self):
        job = Job("tiny", "plain", 1000)
        before = job.digest()
        recipe = self.folder / "tiny.yaml"
        recipe.write_text(RECIPE.replace("# short", "# or long").replace("training:", "data:\n  path: /x\ntraining:"))
        self.assertEqual(before, job.digest())
        recipe.write_text(RECIPE.replace("epochs: 8 ", "epochs: 9 "))
        self.assertNotEqual(before, job.digest())
        self.assertNotEqual(before, Job("tiny", "plain", 1001).digest())

    def test_a_recipe_that_is_not_plain_is_refused(self):
        (self.folder / "tiny.yaml").write_text("data: {format: idx}\n")
        with self.assertRaisesRegex(Fault, "tiny.yaml:1: neither a section nor a setting"):
            Job("tiny", "plain", 1000).digest()

    def test_a_run_leaves_one_file_that_says_what_it_is_and_what_it_reached(self):
        self.assertEqual(0, self.make("plain", seeds=[1000])[0])
        result = self.result("plain")
        for key, value in {"data": "tiny", "arm": "plain", "seed": 1000, "instructions": "AVX2", "seconds": 6,
                           "digest": reproduce.digest(b"1000")}.items():
            self.assertEqual(value, result[key], key)
        self.assertEqual({"embedding_knn_1": 0.7, "embedding_knn_200": 0.8, "embedding_recall_1": 0.5,
                          "backbone_recall_1": 0.5, "embedding_logistic": 0.5, "backbone_logistic": 0.5, "linear": 0.5},
                         result["scores"])
        self.assertEqual([{"epoch": 1, "loss": 8, "embedding_knn": 0.1}, {"epoch": 2, "loss": 7, "embedding_knn": 0.2}],
                         result["epochs"])
        self.assertLessEqual({"commit", "command", "processor", "date", "depends_on"}, set(result))
        self.assertEqual([], list(self.results.glob("**/*.partial")))

    def test_what_is_done_is_not_done_again(self):
        self.make("plain", "zero", seeds=[1000])
        self.assertEqual(8, len(self.calls()))
        self.make("plain", "zero", seeds=[1000])
        self.assertEqual([], self.calls())

    def test_an_evaluation_that_is_there_is_not_made_again(self):
        self.make("plain", seeds=[1000])
        self.calls()
        (self.results / "tiny/plain/seed-1000.json").unlink()
        next((self.folder / "runs/tiny/plain").glob("*/eval/logistic.json")).unlink()
        self.make("plain", seeds=[1000])
        self.assertEqual(["eval logistic"], [call.strip() for call in self.calls()])

    def test_a_run_that_broke_goes_on_in_its_folder(self):
        failed, said = self.make("breaks", seeds=[1000])
        self.assertEqual(1, failed)
        self.assertIn("invp: killed", said)
        self.assertFalse((self.results / "tiny/breaks/seed-1000.json").exists())
        self.assertEqual(0, self.make("breaks", seeds=[1000])[0])
        self.assertEqual(1, len(list((self.folder / "runs/tiny/breaks").glob("seed-1000-*/"))))

    def test_a_run_that_went_on_under_other_conditions_is_refused(self):
        self.make("breaks", seeds=[1000])
        run = next(path for path in (self.folder / "runs/tiny/breaks").iterdir() if path.is_dir())
        (run / "log.txt").write_text("WARN the bits may differ from an unbroken run: threads was 1, is 2\n")
        failed, said = self.make("breaks", seeds=[1000])
        self.assertEqual(1, failed)
        self.assertIn("went on under other conditions", said)

    def test_a_failure_stops_no_other_run(self):
        self.assertEqual(1, self.make("fails", "plain", seeds=[1000])[0])
        self.assertTrue((self.results / "tiny/plain/seed-1000.json").exists())

    def test_a_run_that_diverged_is_a_result_and_not_tried_again(self):
        self.assertEqual(0, self.make("diverges", seeds=[1000])[0])
        self.assertEqual("invp: training has diverged in epoch 1", self.result("diverges")["failed"])
        self.calls()
        self.make("diverges", seeds=[1000])
        self.assertEqual([], self.calls())

    def test_a_result_of_other_settings_is_refused(self):
        self.make("plain", seeds=[1000])
        (self.folder / "tiny.yaml").write_text(RECIPE.replace("epochs: 8 ", "epochs: 9 "))
        with self.assertRaisesRegex(Fault, "the result of other settings"):
            self.make("plain", seeds=[1000])

    def test_again_makes_the_run_anew_and_compares_its_bits(self):
        self.make("plain", seeds=[1000])
        before = (self.results / "tiny/plain/seed-1000.json").read_text()
        self.calls()
        failed, said = self.make("plain", seeds=[1000], again=True)
        self.assertEqual(4, len(self.calls()))
        self.assertEqual(0, failed)
        self.assertIn("the same bits (weights.safetensors)", said)

        (self.folder / "invp.py").write_text(INVP.replace('settings["seed"] +', '"other" + settings["seed"] +'))
        failed, said = self.make("plain", seeds=[1000], again=True)
        self.assertEqual(1, failed)
        self.assertIn("OTHER bits", said)
        self.assertEqual(before, (self.results / "tiny/plain/seed-1000.json").read_text())

    def test_who_is_asked_to_stop_starts_nothing_more(self):
        processes = Processes()
        processes.stop()
        maker = Maker({"tiny": str(self.folder)}, self.folder / "runs", sys.executable, processes)
        todo = self.jobs("plain")
        for job in todo:
            maker.note_origin(job)
        with redirect_stderr(StringIO()):
            self.assertEqual(3, reproduce.make_all(maker, todo, self.results, False))
        self.assertEqual([], self.calls())


class Options(unittest.TestCase):
    def test_seeds_are_numbers_and_ranges(self):
        self.assertEqual([1000, 1002, 1003], reproduce.numbers("1000,1002-1003"))
        with self.assertRaisesRegex(Fault, "--seeds: 1000- is neither"):
            reproduce.numbers("1000-")

    def test_rivals_share_epochs_batch_and_views(self):
        words = reproduce.rival_words(DATA["fashion-mnist"].effective("simclr", 1000))
        settings = experiment_plan.recipe(experiment_plan.ROOT / "configs/fashion-mnist.yaml")
        self.assertEqual(settings["training.epochs"], words[words.index("--epochs") + 1])
        self.assertEqual(settings["augmentation.brightness"], words[words.index("--brightness") + 1])


if __name__ == "__main__":
    unittest.main()
